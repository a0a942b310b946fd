Feature: The first answer
  One command brings the house up, another one asks a question.

  Scenario: A question from the command line
    Given a fresh home
    When I run "rbees up --listen 127.0.0.1:0 sim:demo"
    Then it exits with 0
    And nothing holds its output open
    When I run "rbees run 'What is a bee?'"
    Then it exits with 0
    And stdout is not empty
    When I run "rbees down"
    Then it exits with 0
    And nothing is left running

  Scenario: Where the house is and which processes it has
    Given rbees is up with "sim:demo"
    When I run "rbees status --json"
    Then it exits with 0
    And the JSON output has "url"
    And the JSON output has "socket"
    And the JSON output has "processes.0.pid"
    And I remember the JSON output's "token_file" as "token_file"
    And the file "${token_file}" has mode 0600

  Scenario: Up is safe to repeat
    Given rbees is up with "sim:demo"
    When I run "rbees up sim:demo"
    Then it exits with 0
    And within 10 seconds 1 rbees-orcd runs
    And within 10 seconds 1 pool-managerd runs

  Scenario: Down is safe to repeat
    Given rbees is up with "sim:demo"
    When I run "rbees down" successfully
    And I run "rbees down"
    Then it exits with 0
    And nothing is left running

  Scenario: An answer over HTTP
    Given rbees is up with "sim:demo"
    When I POST to "/v1/chat/completions":
      """json
      {"model": "sim:demo", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
      """
    Then the answer is 200
    And the answer's "object" is "chat.completion"
    And the answer's "choices.0.message.role" is "assistant"
    And the answer has "usage.completion_tokens"

  Scenario: A streamed answer ends in one terminal event
    Given rbees is up with "sim:demo"
    When I POST to "/v1/chat/completions":
      """json
      {"model": "sim:demo", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8, "stream": true}
      """
    Then the answer is 200
    And the answer's header "Content-Type" contains "text/event-stream"
    And the answer ends with "data: [DONE]"

  @model
  Scenario: A real model from disk answers
    Given rbees is up with "smollm2"
    When I run "rbees run --max-tokens 32 'Say hello.'"
    Then it exits with 0
    And stdout is not empty
    When I GET "/v1/models"
    Then the answer is 200
    And the answer's "data.0.id" is "smollm2"
