#include "house.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

namespace rbees::bdd {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

House read_house(const json::object& object) {
    House house{text_of(object, "url"), text_of(object, "token_file"), {}};
    const auto* listed = object.if_contains("processes");
    if (listed == nullptr || !listed->is_array()) return house;
    for (const auto& value : listed->get_array()) {
        const auto* process = value.if_object();
        if (process == nullptr) continue;
        const auto* pid = process->if_contains("pid");
        const bool runs = pid != nullptr && pid->is_number();
        house.processes.push_back({text_of(*process, "name"), runs ? pid->to_number<pid_t>() : 0});
    }
    return house;
}

}  // namespace

std::expected<House, std::string> ask_house(const World& world) {
    const auto status = world.try_command("rbees status --json", world.settings().command_limit);
    if (!status) return std::unexpected(status.error());
    boost::system::error_code error;
    const json::value answer = json::parse(status->out, error);
    if (error || !answer.is_object()) {
        return std::unexpected(
            fmt::format("`rbees status --json` gave no JSON object: {}{}", status->out, status->err));
    }
    return read_house(answer.get_object());
}

}  // namespace rbees::bdd
