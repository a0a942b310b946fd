Feature: The journal is whole, and can be brought back
  What was accepted lies in a journal whose records hang together by their hashes. It can be checked and copied while
  everything runs or nothing does, and a copy can be put in its place.

  Background:
    Given rbees is up with "sim:demo"
    And I run "rbees tokens create laptop --json" successfully
    And I remember the JSON output's "token" as "token"

  Scenario: A good journal is found good, with and without rbees-orcd
    When I run "rbees audit verify"
    Then it exits with 0
    And stdout contains "the journal is good"
    When I run "rbees down" successfully
    And I run "rbees audit verify --json"
    Then it exits with 0
    And the JSON output's "good" is "true"

  Scenario: A changed byte is found, and named
    Given I run "rbees backup create ${folder}/copy" successfully
    When in the file "${folder}/copy" each "laptop" becomes "laptoq"
    And I run "rbees audit verify --file ${folder}/copy"
    Then it exits with 1
    And stderr contains "the journal is not good: record"
    When I run "rbees backup verify ${folder}/copy"
    Then it exits with 1
    When I run "rbees audit verify"
    Then it exits with 0

  Scenario: What came after a backup is gone when it was put back, what was before is there
    Given I run "rbees backup create ${folder}/monday" successfully
    And I run "rbees tokens create tuesday" successfully
    When I run "rbees backup restore ${folder}/monday --yes"
    Then it exits with 1
    And stderr contains "rbees down"
    When I run "rbees down" successfully
    And I run "rbees backup restore ${folder}/monday --yes"
    Then it exits with 0
    And stderr contains "orcd.db.replaced-1"
    When I run "rbees up sim:demo" successfully
    And I run "rbees tokens list"
    Then stdout contains "laptop"
    And stdout does not contain "tuesday"
    When I GET "/v1/models" with the token "${token}"
    Then the answer is 200
    And within 15 seconds "rbees run hello" works

  Scenario: A home that was lost comes back from its backup
    Given I run "rbees backup create ${folder}/monday" successfully
    And I run "rbees down" successfully
    When I run "rbees --home ${folder}/new backup restore ${folder}/monday"
    Then it exits with 0
    And stdout contains "${folder}/new/state/orcd.db"
    When I run "rbees --home ${folder}/new audit verify"
    Then it exits with 0

  Scenario: The records can be paged by programs
    When I GET "/v2/audit?type=token:created&limit=1000"
    Then the answer is 200
    And the answer contains "laptop"
    When I GET "/v2/audit?limit=many"
    Then the answer is 400
