Feature: Commands for people and scripts
  Payload on stdout, the rest on stderr, exit codes that mean something, and no prompt of its own.

  Scenario Outline: There is no interactive mode called <word>
    When I run "rbees <word>"
    Then it exits with 2
    And stdout is empty
    And stderr is not empty

    Examples:
      | word        |
      | chat        |
      | repl        |
      | interactive |
      | shell       |

  Scenario: Without a verb it explains itself and does not wait for input
    When I run "rbees"
    Then it exits with 2
    And stderr contains "rbees up"

  Scenario: Help and version
    When I run "rbees --help"
    Then it exits with 0
    And stdout contains "rbees run"
    When I run "rbees version"
    Then it exits with 0
    And stdout is not empty

  Scenario: An unknown option is a usage error
    When I run "rbees status --colour"
    Then it exits with 2
    And stderr contains "--colour"

  Scenario: What is not there is told by exit code 3
    Given rbees is up with "sim:demo"
    When I run "rbees workers get no-such-worker"
    Then it exits with 3
    And stderr contains "no-such-worker"

  Scenario: A wrong token is told by exit code 4
    Given rbees is up with "sim:demo"
    And the environment has "RBEES_TOKEN=rbk_0000000000000000000000000000000000000000000"
    When I run "rbees models list"
    Then it exits with 4
    And stderr is not empty

  Scenario Outline: <list> lists as JSON
    Given rbees is up with "sim:demo"
    And I run "rbees run hello" successfully
    When I run "rbees <list> list --json"
    Then it exits with 0
    And the JSON output has "0.id"
    When I run "rbees <list> list --format json"
    Then it exits with 0
    And the JSON output has "0.id"

    Examples:
      | list    |
      | models  |
      | workers |
      | tokens  |

  Scenario: A worker that is stopped is started again by the next question
    Given rbees is up with "sim:demo"
    And I run "rbees run hello" successfully
    When I run "rbees workers list --json" successfully
    And I remember the JSON output's "0.id" as "worker"
    And I run "rbees workers stop ${worker}" successfully
    Then within 10 seconds 0 rbees-workerd runs
    And within 10 seconds "rbees run hello" works

  Scenario: The doctor finds nothing wrong in a healthy house
    Given rbees is up with "sim:demo"
    When I run "rbees doctor"
    Then it exits with 0

  Scenario Outline: Completion for <shell>
    When I run "rbees completion <shell>"
    Then it exits with 0
    And stdout contains "rbees"

    Examples:
      | shell |
      | bash  |
      | zsh   |
      | fish  |
