#pragma once
/// @file
/// What a worker's book keeps, as an attached stream brings it.

#include "rbees/control/worker_port.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::control {

inline AttemptEvent event_of(const pool::ExecutionEvent& event) {
    if (event.name == "start") return reflect::from_json_text<contracts::ExecutionStart>(event.data).value();
    if (event.name == "token") return reflect::from_json_text<contracts::ExecutionToken>(event.data).value();
    if (event.name == "end") return reflect::from_json_text<contracts::ExecutionEnd>(event.data).value();
    return reflect::from_json_text<contracts::ExecutionError>(event.data).value();
}

}  // namespace rbees::control
