#pragma once
/// @file
/// Runs command lines as a shell would, with streams that are strings and a home of its own.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/application.hpp"
#include "rbees/base/files.hpp"

namespace rbees::ctl {

struct Ran {
    int exit = -1;
    std::string out;
    std::string err;
};

/// A home in a temporary folder that goes with the test.
class CommandTest : public testing::Test {
  protected:
    CommandTest() {
        std::string name = (std::filesystem::temp_directory_path() / "rbees-ctl-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder = name;
        variables["RBEES_HOME"] = (folder / "home").native();
        variables["RBEES_CACHE"] = (folder / "cache").native();
    }

    ~CommandTest() override {
        std::error_code error;
        std::filesystem::remove_all(folder, error);
    }

    [[nodiscard]] Environment environment() const {
        return [this](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        };
    }

    [[nodiscard]] Home home() const { return find_home(std::nullopt, environment()).value(); }

    /// Runs a command line; nobody sits before it.
    [[nodiscard]] Ran run(const std::vector<std::string>& words, const std::string& input = "") const {
        std::ostringstream out;
        std::ostringstream err;
        std::istringstream in(input);
        const Surroundings surroundings{.environment = environment(),
                                        .programs = folder,
                                        .out = {&out, Terminal::no, Colour::off},
                                        .err = {&err, Terminal::no, Colour::off},
                                        .input = &in,
                                        .input_terminal = Terminal::no};
        const int exit = run_command_line(surroundings, words);
        return {exit, out.str(), err.str()};
    }

    std::filesystem::path folder;
    std::map<std::string, std::string> variables;
};

}  // namespace rbees::ctl
