#include "vocabulary.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include <sys/stat.h>

#include <fmt/format.h>

#include "json_path.hpp"
#include "rbees/base/files.hpp"
#include "wait.hpp"

namespace rbees::bdd {
namespace {

using WorldPtr = std::shared_ptr<World>;

constexpr auto changed_bytes_max = mebibytes(512);

/// What a command said, for messages.
std::string quote(const CommandResult& said) {
    return fmt::format("exit code {}\nstdout: {}\nstderr: {}", said.exit_code, said.out, said.err);
}

Outcome run_and_expect_success(World& world, const std::string& line) {
    if (auto run = world.run(line); !run) return run;
    if (world.said().exit_code != 0) return failed(fmt::format("`{}` failed: {}", line, quote(world.said())));
    return {};
}

Outcome check_contains(const World& world, const std::string& stream, const std::string& wanted) {
    const auto text = world.resolve(wanted);
    if (!text) return failed(text.error());
    const auto& said = stream == "stdout" ? world.said().out : world.said().err;
    if (said.contains(*text)) return {};
    return failed(fmt::format("{} does not contain \"{}\"; {}", stream, *text, quote(world.said())));
}

Outcome check_json(const World& world, const std::string& path, const std::string& wanted) {
    const auto value = json_at(world.said().out, path);
    if (!value) return failed(fmt::format("{}; {}", value.error(), quote(world.said())));
    const auto text = world.resolve(wanted);
    if (!text) return failed(text.error());
    if (*value == *text) return {};
    return failed(fmt::format("\"{}\" is \"{}\", not \"{}\"", path, *value, *text));
}

Outcome run_until_it_works(World& world, std::chrono::seconds limit, const std::string& line) {
    std::string last;
    const bool works = wait_until(limit, [&] {
        const auto result = world.try_command(line, limit);
        last = result ? quote(*result) : result.error();
        return result && result->exit_code == 0;
    });
    if (works) return {};
    return failed(fmt::format("`{}` did not work within {} s; at last: {}", line, limit.count(), last));
}

Outcome write_text(const World& world, const std::string& name, const std::string& text) {
    const auto path = world.resolve(name);
    const auto content = world.resolve(text);
    if (!path || !content) return failed(!path ? path.error() : content.error());
    std::filesystem::create_directories(std::filesystem::path(*path).parent_path());
    std::ofstream file(*path, std::ios::binary);
    if (!(file << *content << '\n')) return failed("cannot write " + *path);
    return {};
}

Outcome delete_file(const World& world, const std::string& name) {
    const auto path = world.resolve(name);
    if (!path) return failed(path.error());
    return std::filesystem::remove(*path) ? Outcome() : failed("there is no file " + *path);
}

/// Gives the file other bytes. It becomes a file of its own: the old bytes may be another home's too, by a hard link.
Outcome change_bytes(const World& world, const std::string& name, const std::function<void(std::string&)>& change) {
    const auto path = world.resolve(name);
    if (!path) return failed(path.error());
    auto bytes = read_file(*path, changed_bytes_max);
    if (!bytes) return failed(describe(bytes.error()));
    change(*bytes);
    const auto written = write_file_atomically(*path, *bytes, FileAccess::owner_only);
    return written ? Outcome() : failed(describe(written.error()));
}

Outcome cut_in_half(const World& world, const std::string& name) {
    return change_bytes(world, name, [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
}

Outcome damage(const World& world, const std::string& name) {
    return change_bytes(world, name, [](std::string& bytes) {
        constexpr std::string_view damaged = "damaged";
        bytes.replace(0, std::min(damaged.size(), bytes.size()), damaged);
    });
}

Outcome replace_text(const World& world, const std::string& name, const std::string& from, const std::string& to) {
    bool is_found = false;
    auto changed = change_bytes(world, name, [&](std::string& bytes) {
        for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size())) {
            bytes.replace(at, from.size(), to);
            is_found = true;
        }
    });
    if (!changed || is_found) return changed;
    return failed(fmt::format("there is no \"{}\" in {}", from, name));
}

Outcome check_mode(const World& world, const std::string& name, const std::string& wanted) {
    const auto path = world.resolve(name);
    if (!path) return failed(path.error());
    struct stat status{};
    if (stat(path->c_str(), &status) != 0) return failed("there is no file " + *path);
    const auto mode = fmt::format("{:04o}", status.st_mode & 07777);
    return mode == wanted ? Outcome() : failed(fmt::format("{} has mode {}, not {}", *path, mode, wanted));
}

void add_acts(StepTable& steps, const WorldPtr& world) {
    steps.add("a fresh home", [](const StepInput&) -> Outcome { return {}; });  // every scenario has one
    steps.add("rbees is up with {string}", [world](const StepInput& input) {
        return run_and_expect_success(*world, fmt::format("rbees up --listen 127.0.0.1:0 '{}'", input.values[0]));
    });
    steps.add("I run {string}", [world](const StepInput& input) { return world->run(input.values[0]); });
    steps.add("I run {string} successfully",
              [world](const StepInput& input) { return run_and_expect_success(*world, input.values[0]); });
    steps.add("another program holds a port", [world](const StepInput&) { return world->hold_a_port(); });
    steps.add("the environment has {string}", [world](const StepInput& input) -> Outcome {
        const auto variable = world->resolve(input.values[0]);
        if (!variable) return failed(variable.error());
        world->set_environment(*variable);
        return {};
    });
    steps.add("the file {string} with:",
              [world](const StepInput& input) { return write_text(*world, input.values[0], input.text); });
    steps.add("the file {string} is deleted",
              [world](const StepInput& input) { return delete_file(*world, input.values[0]); });
    steps.add("the file {string} is cut in half",
              [world](const StepInput& input) { return cut_in_half(*world, input.values[0]); });
    steps.add("the first bytes of the file {string} are overwritten",
              [world](const StepInput& input) { return damage(*world, input.values[0]); });
    steps.add("in the file {string} each {string} becomes {string}", [world](const StepInput& input) {
        return replace_text(*world, input.values[0], input.values[1], input.values[2]);
    });
    steps.add("I remember the JSON output's {string} as {string}", [world](const StepInput& input) -> Outcome {
        auto value = json_at(world->said().out, input.values[0]);
        if (!value) return failed(value.error());
        world->set(input.values[1], std::move(*value));
        return {};
    });
}

void add_checks(StepTable& steps, const WorldPtr& world) {
    steps.add("it exits with {int}", [world](const StepInput& input) -> Outcome {
        if (std::to_string(world->said().exit_code) == input.values[0]) return {};
        return failed(quote(world->said()));
    });
    for (const std::string stream : {"stdout", "stderr"}) {
        steps.add(stream + " contains {string}",
                  [world, stream](const StepInput& input) { return check_contains(*world, stream, input.values[0]); });
        steps.add(stream + " does not contain {string}", [world, stream](const StepInput& input) -> Outcome {
            if (!check_contains(*world, stream, input.values[0])) return {};
            return failed(fmt::format("{} contains \"{}\"; {}", stream, input.values[0], quote(world->said())));
        });
        const auto text = [world, stream] { return stream == "stdout" ? world->said().out : world->said().err; };
        steps.add(stream + " is empty", [world, text](const StepInput&) -> Outcome {
            return text().empty() ? Outcome() : failed(quote(world->said()));
        });
        steps.add(stream + " is not empty", [world, text](const StepInput&) -> Outcome {
            return !text().empty() ? Outcome() : failed(quote(world->said()));
        });
    }
    steps.add("nothing holds its output open", [world](const StepInput&) -> Outcome {
        return world->said().let_go ? Outcome()
                                    : failed("a process that it started still writes to its stdout or stderr");
    });
    steps.add("the JSON output has {string}", [world](const StepInput& input) -> Outcome {
        const auto value = json_at(world->said().out, input.values[0]);
        return value ? Outcome() : failed(value.error());
    });
    steps.add("the JSON output's {string} is {string}",
              [world](const StepInput& input) { return check_json(*world, input.values[0], input.values[1]); });
    steps.add("the file {string} has mode {word}",
              [world](const StepInput& input) { return check_mode(*world, input.values[0], input.values[1]); });
    steps.add("there is no file {string}", [world](const StepInput& input) -> Outcome {
        const auto path = world->resolve(input.values[0]);
        if (!path) return failed(path.error());
        return std::filesystem::exists(*path) ? failed(*path + " is there") : Outcome();
    });
    steps.add("within {int} seconds {string} works", [world](const StepInput& input) {
        return run_until_it_works(*world, std::chrono::seconds(std::stoi(input.values[0])), input.values[1]);
    });
}

}  // namespace

void add_command_steps(StepTable& steps, const WorldPtr& world) {
    add_acts(steps, world);
    add_checks(steps, world);
}

}  // namespace rbees::bdd
