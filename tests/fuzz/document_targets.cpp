#include <algorithm>

#include "rbees/base/assert.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/control/task_request.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/number.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "targets.hpp"

namespace rbees::fuzz {
namespace {

/// Whether what is read of it is exactly what was written. Boost.JSON 1.81 may be wrong about the last bit of a number
/// that is not whole.
bool is_exact(const reflect::json::value& value) {
    if (value.is_array()) return std::ranges::all_of(value.get_array(), is_exact);
    if (!value.is_object()) return !value.is_double();
    return std::ranges::all_of(value.get_object(), [](const auto& member) { return is_exact(member.value()); });
}

/// What was read, written and read again is the same.
template <class T>
void read_twice(std::string_view bytes) {
    const auto value = reflect::from_json_text<T>(bytes);
    if (!value) {
        RBEES_ASSERT(!value.error().empty() && value.error().size() <= reflect::faults_max);
        return;
    }
    const auto text = reflect::to_json_text(*value);
    const auto again = reflect::from_json_text<T>(text);
    RBEES_ASSERT(again.has_value());
    RBEES_ASSERT(!is_exact(*reflect::parse_json(text)) || reflect::to_json_text(*again) == text);
}

}  // namespace

void read_json(std::string_view bytes) {
    const auto value = reflect::parse_json(bytes);
    if (!value) {
        RBEES_ASSERT(!value.error().message.empty() && value.error().offset <= bytes.size());
        return;
    }
    const auto canonical = reflect::to_canonical_text(*value);
    for (const auto& text : {reflect::to_text(*value), reflect::to_pretty_text(*value), canonical}) {
        const auto again = reflect::parse_json(text);
        RBEES_ASSERT(again.has_value());
        RBEES_ASSERT(!is_exact(*value) || reflect::to_canonical_text(*again) == canonical);
    }
}

void read_task(std::string_view bytes) {
    const auto task = control::read_task_request(bytes);
    if (!task) {
        RBEES_ASSERT(task.error().code == contracts::ErrorCode::INVALID_PARAMS && !task.error().detail.empty());
        return;
    }
    const auto request = control::worker_request(*task, ModelId("model"), 7);
    RBEES_ASSERT(request.contains("model") && request.contains("messages") && request.contains("seed"));
    RBEES_ASSERT(reflect::to_unsigned(request.at("max_tokens")) == task->task.max_tokens);
    RBEES_ASSERT(reflect::parse_json(reflect::to_text(request)).has_value());
}

void read_registration(std::string_view bytes) {
    read_twice<contracts::NodeRegistration>(bytes);
    read_twice<contracts::AddModel>(bytes);
}

void read_execution(std::string_view bytes) {
    read_twice<contracts::Execute>(bytes);
    read_twice<contracts::Continue>(bytes);
    read_twice<contracts::Acknowledge>(bytes);
    read_twice<contracts::ExecutionStart>(bytes);
    read_twice<contracts::ExecutionToken>(bytes);
    read_twice<contracts::ExecutionEnd>(bytes);
    read_twice<contracts::ExecutionError>(bytes);
}

void read_journal_record(std::string_view bytes) {
    const auto line = bytes.find('\n');
    if (line == std::string_view::npos) return;
    const auto record =
        kernel::read_record({std::string(bytes.substr(0, line)), 1, std::string(bytes.substr(line + 1))});
    if (!record) return;
    const auto text = kernel::write_record(*record);
    const auto again = kernel::read_record(text);
    RBEES_ASSERT(again.has_value());
    RBEES_ASSERT(!is_exact(*reflect::parse_json(text.body)) || kernel::write_record(*again) == text);
}

}  // namespace rbees::fuzz
