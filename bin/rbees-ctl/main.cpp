/// @file
/// rbees: the control command.

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/application.hpp"
#include "client/loop.hpp"
#include "rbees/process/executable.hpp"

namespace {

rbees::ctl::Terminal terminal(int fd) {
    return ::isatty(fd) == 1 ? rbees::ctl::Terminal::yes : rbees::ctl::Terminal::no;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace rbees;
    ctl::Loop::exit_on_interrupt();
    const ctl::Surroundings surroundings{.environment = process_environment(),
                                         .programs = process::executable_folder().value_or("."),
                                         .out = {&std::cout, terminal(STDOUT_FILENO), ctl::Colour::off},
                                         .err = {&std::cerr, terminal(STDERR_FILENO), ctl::Colour::off},
                                         .input = &std::cin,
                                         .input_terminal = terminal(STDIN_FILENO)};
    return ctl::run_command_line(surroundings, std::vector<std::string>(argv + 1, argv + argc));
}
