Feature: Somebody dies, the house lives
  Whatever process is killed, `rbees run` works again within seconds, and what ran well is not restarted without need.

  Background:
    Given rbees is up with "sim:demo"
    And I run "rbees run hello" successfully

  Scenario Outline: <process> is killed
    When the process "<process>" is killed
    Then within 15 seconds "rbees run hello" works
    And within 15 seconds 1 <process> runs

    Examples:
      | process       |
      | rbees-workerd |
      | pool-managerd |
      | rbees-orcd    |

  Scenario Outline: <process> is asked to end by somebody else than rbees
    Given I remember the pid of "<process>" as "before"
    When the process "<process>" is asked to end
    Then within 15 seconds the pid of "<process>" is another than "${before}"
    When I run "rbees up sim:demo" successfully
    Then within 15 seconds "rbees run hello" works
    And within 15 seconds 1 <process> runs

    Examples:
      | process       |
      | pool-managerd |
      | rbees-orcd    |

  Scenario: An orderly shutdown by HTTP is a restart, until rbees is told to stop
    Given I remember the pid of "rbees-orcd" as "before"
    When I POST to "/v2/shutdown":
      """
      {}
      """
    Then the answer is 202
    And within 15 seconds the pid of "rbees-orcd" is another than "${before}"
    And within 15 seconds "rbees run hello" works
    When I run "rbees down" successfully
    Then nothing is left running

  Scenario: All three one after the other
    When the process "rbees-workerd" is killed
    Then within 15 seconds "rbees run hello" works
    When the process "pool-managerd" is killed
    Then within 15 seconds "rbees run hello" works
    When the process "rbees-orcd" is killed
    Then within 15 seconds "rbees run hello" works
    When I run "rbees down" successfully
    Then nothing is left running

  Scenario: A pool manager that comes back adopts the worker that ran on
    Given I remember the pid of "rbees-workerd" as "worker"
    When the process "pool-managerd" is killed
    Then within 15 seconds "rbees run hello" works
    And the pid of "rbees-workerd" is still "${worker}"

  Scenario: Tokens and addresses outlive a restart
    Given I run "rbees status --json" successfully
    And I remember the JSON output's "url" as "url"
    When I run "rbees tokens create laptop --json" successfully
    And I remember the JSON output's "token" as "token"
    And I run "rbees down" successfully
    And I run "rbees up sim:demo" successfully
    And I run "rbees status --json" successfully
    Then the JSON output's "url" is "${url}"
    When I GET "/v1/models" with the token "${token}"
    Then the answer is 200
