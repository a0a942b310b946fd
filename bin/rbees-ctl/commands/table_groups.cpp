#include <algorithm>
#include <array>

#include "cli/command.hpp"

namespace rbees::ctl {
namespace {

using enum ValueKind;

const std::array global_table{
    Flag{"--home", 0, text, "DIR", "one folder for everything that rbees keeps", "", Completion::folders},
    Flag{"--url", 0, text, "URL", "address of rbees-orcd, if it is not the home's"},
    Flag{"--json", 0, none, "", "output for programs"},
    Flag{"--format", 0, text, "FORM", "another way to say --json", "json|text"},
    Flag{"--no-color", 0, none, "", "no colours"},
    Flag{"--quiet", 'q', none, "", "only what was asked for, and errors"},
    Flag{"--verbose", 'v', none, "", "also the request ids of errors"},
    Flag{"--timeout", 0, duration, "TIME", "give up after this time, for example 30s; exit code 8 then"},
};

const std::array group_table{
    Group{"orchestrator", "rbees-orcd itself: start, stop, health, logs"},
    Group{"jobs", "tasks that are kept until they are done"},
    Group{"sessions", "tasks that belong together: what they spent, and may spend"},
    Group{"models", "models: what there is, fetch, load, remove"},
    Group{"workers", "processes that have a model loaded"},
    Group{"nodes", "machines that run workers"},
    Group{"tokens", "who may use this rbees"},
    Group{"audit", "whether the journal is whole"},
    Group{"backup", "copies of the journal: make, check, put back"},
    Group{"config", "what is set, and where"},
};

}  // namespace

std::span<const Group> groups() {
    return group_table;
}

std::span<const Flag> global_flags() {
    return global_table;
}

const Group* find_group(std::string_view word) {
    const auto found = std::ranges::find(group_table, word, &Group::word);
    return found == group_table.end() ? nullptr : &*found;
}

}  // namespace rbees::ctl
