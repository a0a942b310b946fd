Feature: Tasks that are kept until they are done
  What was accepted is done, whoever dies and whoever listens; a reader goes on behind any event.

  Background:
    Given rbees is up with "sim:demo"

  Scenario: A task is handed in, and its answer is fetched later
    When I run "rbees jobs submit --max-tokens 3 --json hello" successfully
    And I remember the JSON output's "job_id" as "task"
    And I run "rbees jobs wait ${task}"
    Then it exits with 0
    And stdout is not empty
    When I run "rbees jobs status ${task} --json"
    Then the JSON output's "status" is "completed"
    And the JSON output has "usage.completion_tokens"

  Scenario: A stream begins behind any event, and ends
    Given I run "rbees jobs submit --max-tokens 5 --json hello" successfully
    And I remember the JSON output's "job_id" as "task"
    And I run "rbees jobs wait ${task}" successfully
    When I GET "/v2/tasks/${task}/events"
    Then the answer is 200
    And the answer's header "Content-Type" contains "text/event-stream"
    And the answer contains "event: queued"
    And the answer contains "event: token"
    And the answer contains "event: end"
    When I GET "/v2/tasks/${task}/events?after=1"
    Then the answer is 200
    And the answer contains "id: 2"
    When I GET "/v2/tasks/${task}/events?after=100000"
    Then the answer is 400
    When I run "rbees jobs events ${task}"
    Then it exits with 0
    And stdout contains "queued"
    And stdout contains "end"

  Scenario: The same key is the same task
    Given I run "rbees jobs submit --idempotency-key nightly --json hello" successfully
    And I remember the JSON output's "job_id" as "task"
    When I run "rbees jobs submit --idempotency-key nightly --json hello"
    Then it exits with 0
    And the JSON output's "job_id" is "${task}"
    When I run "rbees jobs submit --idempotency-key nightly something else"
    Then it exits with 1
    And stderr contains "Idempotency-Key"

  Scenario: A task that is cancelled ends at once
    Given I run "rbees jobs submit --model sim:slow?decode=1 --max-tokens 1000 --json hello" successfully
    And I remember the JSON output's "job_id" as "task"
    When I run "rbees jobs explain ${task}"
    Then it exits with 0
    When I run "rbees jobs cancel ${task}"
    Then it exits with 0
    And stdout contains "cancelled"
    When I run "rbees jobs wait ${task}"
    Then it exits with 5
    And stdout is empty

  Scenario Outline: A task outlives the death of <process>
    Given I POST to "/v2/tasks":
      """
      {"model": "sim:steady?decode=20", "prompt": "hello", "max_tokens": 60, "ignore_eos": true}
      """
    And I remember the answer's "job_id" as "task"
    When the process "<process>" is killed
    Then within 15 seconds 1 <process> runs
    And within 30 seconds "rbees jobs wait ${task}" works
    When I run "rbees jobs status ${task} --json"
    Then the JSON output's "status" is "completed"
    And the JSON output's "tokens" is "60"

    Examples:
      | process       |
      | rbees-orcd    |
      | pool-managerd |

  Scenario: A task goes on when its worker dies
    Given I run "rbees run --model sim:steady?decode=20 --max-tokens 1 hello" successfully
    And I POST to "/v2/tasks":
      """
      {"model": "sim:steady?decode=20", "prompt": "hello", "max_tokens": 60, "ignore_eos": true}
      """
    And I remember the answer's "job_id" as "task"
    When the process "rbees-workerd" is killed
    Then within 45 seconds "rbees jobs wait ${task}" works
    When I run "rbees jobs status ${task} --json"
    Then the JSON output's "status" is "completed"
    And the JSON output's "tokens" is "60"

  Scenario: A deadline ends a task
    Given I run "rbees jobs submit --model sim:slow?decode=1 --deadline 1s --max-tokens 1000 --json hello" successfully
    And I remember the JSON output's "job_id" as "task"
    When I run "rbees jobs wait ${task} --json"
    Then it exits with 5
    And the JSON output's "error.code" is "DEADLINE_UNMET"

  Scenario: A session counts its tasks, and takes none beyond its budget or its end
    Given I run "rbees sessions create night --budget 20" successfully
    And I run "rbees jobs submit --session night --max-tokens 3 --wait hello" successfully
    When I run "rbees sessions get night --json"
    Then the JSON output's "turns" is "1"
    And the JSON output's "live" is "0"
    And the JSON output's "token_budget" is "20"
    When I run "rbees jobs submit --session night --max-tokens 20 hello"
    Then it exits with 1
    And stderr contains "of its 20 tokens"
    When I run "rbees sessions delete night"
    Then it exits with 0
    And stdout contains "closed"
    When I run "rbees jobs submit --session night --max-tokens 1 hello"
    Then it exits with 1
    And stderr contains "takes no more tasks"

  Scenario: What is wrong is said at once
    When I run "rbees jobs submit --model no-such-model hello"
    Then it exits with 3
    When I run "rbees jobs status no-such-task"
    Then it exits with 3
    And stderr contains "no-such-task"
    When I POST to "/v2/tasks":
      """
      {"prompt": "hello", "max_tokens": 0, "priority": "soon"}
      """
    Then the answer is 400
    And the answer's "code" is "INVALID_PARAMS"
