#pragma once
/// @file
/// The shapes of a task's members that belong to the engine. Its worker would refuse the same, but only when the task
/// was accepted and has waited; what needs a tokenizer, a template or a grammar is left to it.

#include <boost/json/object.hpp>

#include "rbees/reflect/reading.hpp"

namespace rbees::control {

/// What no worker takes, whatever its model: of messages, stop, tools, tool_choice, response_format, n, probabilities
/// and sampling. A null member counts as absent, as OpenAI has it. `faults_max` faults at most.
[[nodiscard]] reflect::FieldErrors faults_of_shapes(const boost::json::object& body);

}  // namespace rbees::control
