Feature: Models that cannot be used
  A file that is missing, damaged or not what it should be is named, with what to do; nothing of it is kept or served.

  Scenario: A file that is no model
    Given rbees is up with "sim:demo"
    And the file "${folder}/letter.gguf" with:
      """
      Dear bee, this is a letter and not a model.
      """
    When I POST to "/v2/models":
      """json
      {"id": "letter", "sources": [{"kind": "file", "file": "${folder}/letter.gguf"}]}
      """
    Then the answer is 201
    When I run "rbees models pull letter"
    Then it exits with 5
    And stderr contains "letter.gguf"
    And stderr contains "not a GGUF file"
    When I run "rbees run --model letter hello"
    Then it exits with 3
    And stderr contains "rbees models pull letter"

  Scenario: A download with the wrong hash
    Given rbees is up with "sim:demo"
    And the file "${folder}/other.gguf" with:
      """
      These are not the bytes that were promised.
      """
    When I POST to "/v2/models":
      """json
      {"id": "promised", "sha256": "0000000000000000000000000000000000000000000000000000000000000000",
       "sources": [{"kind": "file", "file": "${folder}/other.gguf"}]}
      """
    Then the answer is 201
    When I run "rbees models pull promised"
    Then it exits with 5
    And stderr contains "wrong hash"
    And stderr contains "0000000000000000000000000000000000000000000000000000000000000000"
    And there is no file "${home}/models/promised.gguf"

  Scenario: A download whose source is not there
    Given rbees is up with "sim:demo"
    When I POST to "/v2/models":
      """json
      {"id": "nowhere", "sources": [{"kind": "file", "file": "${folder}/nowhere.gguf"}]}
      """
    And I run "rbees models pull nowhere"
    Then it exits with 5
    And stderr contains "${folder}/nowhere.gguf"

  @model
  Scenario: The file of a model was deleted
    Given rbees is up with "smollm2"
    And I run "rbees models unload smollm2" successfully
    And within 20 seconds 0 rbees-workerd runs
    And the file "${home}/models/smollm2.gguf" is deleted
    When I run "rbees run hello"
    Then it exits with 5
    And stderr contains "${home}/models/smollm2.gguf is missing"
    When I run "rbees models pull smollm2" successfully
    Then within 30 seconds "rbees run --max-tokens 4 hello" works

  @model
  Scenario: The file of a model was cut off
    Given rbees is up with "smollm2"
    And I run "rbees models unload smollm2" successfully
    And within 20 seconds 0 rbees-workerd runs
    And the file "${home}/models/smollm2.gguf" is cut in half
    When I run "rbees run hello"
    Then it exits with 5
    And stderr contains "has 49181216 bytes instead of 98362432"
    When I run "rbees doctor"
    Then it exits with 1
    And stdout contains "rbees models pull smollm2"
    When I run "rbees models pull smollm2" successfully
    Then within 30 seconds "rbees run --max-tokens 4 hello" works

  @model
  Scenario: The file of a model was damaged
    Given rbees is up with "smollm2"
    And I run "rbees models unload smollm2" successfully
    And within 20 seconds 0 rbees-workerd runs
    And the first bytes of the file "${home}/models/smollm2.gguf" are overwritten
    When I run "rbees run hello"
    Then it exits with 5
    And stderr contains "not a GGUF file"
    When I run "rbees doctor --deep"
    Then it exits with 1
    And stdout contains "rbees models pull --verify smollm2"
    When I run "rbees models pull smollm2" successfully
    Then within 30 seconds "rbees run --max-tokens 4 hello" works

  @model
  Scenario: No memory for a model
    Given the file "${home}/config.toml" with:
      """
      [worker]
      context = 10000000
      slots = 64
      """
    And rbees is up with "smollm2"
    When I run "rbees run hello"
    Then it exits with 5
    And stderr contains "of memory"
    And stderr contains "is free"
    And stderr contains "fewer slots or a shorter context"
    And within 10 seconds 0 rbees-workerd runs
