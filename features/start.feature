Feature: What can go wrong when the house starts
  A sentence that says what and what to do, the right exit code, and nothing left running.

  Scenario: The port is taken
    Given another program holds a port
    When I run "rbees up --listen 127.0.0.1:${held_port} sim:demo"
    Then it exits with 1
    And stderr contains "${held_port}"
    And nothing is left running

  Scenario: A second orcd on the same home
    Given rbees is up with "sim:demo"
    When I run "rbees-orcd --home ${home} --listen 127.0.0.1:0"
    Then it exits with 1
    And stderr contains "${home}"
    And within 5 seconds "rbees run hello" works

  Scenario: A listener beyond loopback is refused until there is TLS
    When I run "rbees up --listen 0.0.0.0:0 sim:demo"
    Then it exits with 2
    And stderr contains "TLS"
    And nothing is left running

  Scenario: The data folder cannot be written to
    Given the file "${folder}/plain" with:
      """
      a file where a folder should be
      """
    When I run "rbees up --home ${folder}/plain --listen 127.0.0.1:0 sim:demo"
    Then it exits with 1
    And stderr contains "${folder}/plain"
    And nothing is left running

  Scenario: The house is down
    When I run "rbees run hello"
    Then it exits with 1
    And stderr contains "rbees up"
    When I run "rbees status"
    Then it exits with 1

  Scenario: A model that does not exist
    When I run "rbees up --listen 127.0.0.1:0 no-such-model"
    Then it exits with 3
    And stderr contains "no-such-model"
