#include "environment.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <string_view>

namespace rbees::process {

std::vector<std::string> environment_of(const SpawnPlan& plan) {
    std::map<std::string, std::string> variables;
    const bool is_inherited = plan.inherited == InheritedEnvironment::all;
    for (char** variable = environ; is_inherited && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const auto& [name, value] : plan.environment) {
        variables.erase(name);
        if (value) variables.emplace(name, *value);
    }
    std::vector<std::string> texts;
    for (const auto& [name, value] : variables) {
        texts.push_back(fmt::format("{}={}", name, value));
    }
    return texts;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace rbees::process
