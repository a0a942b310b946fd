Feature: Wrong input gets a clear answer
  The right status, what happened, and what to do.

  Background:
    Given rbees is up with "sim:demo"

  Scenario: No token
    When I GET "/v1/models" without a token
    Then the answer is 401
    And the answer contains "token"

  Scenario: A token that was never given out
    When I GET "/v2/workers" with the token "rbk_0000000000000000000000000000000000000000000"
    Then the answer is 401
    And the answer's "code" is "UNAUTHORIZED"

  Scenario: Health is open and says little
    When I GET "/health" without a token
    Then the answer is 200
    And the answer's "node_type" is "orchestrator"
    And the answer has "version"

  Scenario Outline: Malformed JSON at <path>
    When I POST to "<path>":
      """
      {"model": "sim:demo", "messages": [
      """
    Then the answer is 400
    And the answer contains "JSON"

    Examples:
      | path                 |
      | /v1/chat/completions |
      | /v2/tokens           |

  Scenario: A model that nobody knows
    When I POST to "/v1/chat/completions":
      """json
      {"model": "no-such-model", "messages": [{"role": "user", "content": "Hello"}]}
      """
    Then the answer is 404
    And the answer contains "no-such-model"

  Scenario: A model of the catalogue that is not on disk
    When I POST to "/v1/chat/completions":
      """json
      {"model": "mistral-7b", "messages": [{"role": "user", "content": "Hello"}]}
      """
    Then the answer is 404
    And the answer contains "rbees models pull mistral-7b"

  Scenario: A prompt longer than the context is refused with the numbers
    When I POST to "/v1/chat/completions" a prompt of 200000 words for "sim:demo"
    Then the answer is 400
    And the answer contains "context"

  Scenario: A path that does not exist, and a method that it does not have
    When I GET "/v1/nothing"
    Then the answer is 404
    When I DELETE "/v1/models"
    Then the answer is 405
    And the answer's header "Allow" contains "GET"
