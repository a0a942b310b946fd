#include "application.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "rbees/base/files.hpp"
#include "report.hpp"
#include "tag_expression.hpp"
#include "vocabulary.hpp"

namespace rbees::bdd {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::vector<std::string> paths;
    std::string tags;
    std::string programs;
    std::string cache;
    int command_seconds = 180;
    bool json = false;
    bool dry_run = false;
    bool list_steps = false;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("features", options.paths, "feature files, or folders of them");
    app.add_option("--tags", options.tags, "only scenarios with these tags: \"@a and not (@b or @c)\"");
    app.add_option("--bin", options.programs, "the folder of rbees and its daemons; default: this program's own");
    app.add_option("--cache", options.cache, "where models are kept; default: RBEES_CACHE or ~/.cache/rbees")
        ->envname("RBEES_CACHE");
    app.add_option("--command-seconds", options.command_seconds, "the limit of one command")->capture_default_str();
    app.add_flag("--json", options.json, "one JSON document instead of lines");
    app.add_flag("--dry-run", options.dry_run, "check files and steps, run nothing");
    app.add_flag("--list-steps", options.list_steps, "print the words that features may use");
}

/// Files as given; folders searched for *.feature, sorted.
std::expected<std::vector<std::string>, std::string> find_features(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const auto& path : paths) {
        if (!fs::exists(path)) return std::unexpected(fmt::format("there is no {}", path));
        if (!fs::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            if (entry.path().extension() == ".feature") found.push_back(entry.path().string());
        }
        std::ranges::sort(found);
        files.insert(files.end(), found.begin(), found.end());
    }
    if (files.empty()) return std::unexpected(std::string("no feature file given; try: bdd-runner features"));
    return files;
}

std::string default_cache() {
    const char* xdg = std::getenv("XDG_CACHE_HOME");
    if (xdg != nullptr && *xdg != '\0') return fmt::format("{}/rbees", xdg);
    const char* home = std::getenv("HOME");
    return fmt::format("{}/.cache/rbees", home == nullptr ? "" : home);
}

Settings make_settings(const Options& options) {
    Settings settings;
    std::error_code ignored;  // an empty path is told later, by the first command that is not found
    settings.programs = options.programs.empty() ? fs::read_symlink("/proc/self/exe", ignored).parent_path()
                                                 : fs::absolute(options.programs);
    settings.folder = fs::temp_directory_path() / fmt::format("bdd-{}", getpid());
    settings.cache = options.cache.empty() ? default_cache() : options.cache;
    settings.command_limit = std::chrono::seconds(options.command_seconds);
    return settings;
}

std::expected<std::vector<Case>, ParseError> read_cases(const std::string& path) {
    const auto text = read_file(path, mebibytes(1));
    if (!text) return std::unexpected(ParseError{0, describe(text.error())});
    auto feature = parse_feature(*text);
    if (!feature) return std::unexpected(feature.error());
    return expand(*feature);
}

FileResult run_file(const std::string& path, const TagFilter& wanted, const MakeSteps& make_steps,
                    const Options& options) {
    FileResult result{path, {}, {}};
    const auto cases = read_cases(path);
    if (!options.json) fmt::print("{}\n", path);
    if (!cases) {
        result.parse_error = cases.error();
        if (!options.json) fmt::print("  failed  {}:{}: {}\n", path, cases.error().line, cases.error().message);
        return result;
    }
    for (const auto& scenario : *cases) {
        if (!wanted(scenario.tags)) continue;
        result.cases.push_back(run_case(scenario, make_steps, options.dry_run ? Mode::look_up_only : Mode::run));
        if (!options.json) fmt::print("{}", describe(path, result.cases.back()));
        std::fflush(stdout);
    }
    return result;
}

int usage_error(const std::string& message) {
    fmt::print(stderr, "bdd-runner: {}\n", message);
    return 2;
}

int run_all(const Options& options) {
    const auto wanted = parse_tag_expression(options.tags);
    if (!wanted) return usage_error("--tags: " + wanted.error());
    const auto settings = make_settings(options);
    std::error_code error;
    fs::create_directories(settings.folder, error);
    if (error) return usage_error(fmt::format("cannot make {}: {}", settings.folder.string(), error.message()));
    const MakeSteps make_steps = [&] { return make_vocabulary(settings); };
    if (options.list_steps) {
        for (const auto& pattern : make_steps().patterns())
            fmt::print("{}\n", pattern);
        fs::remove(settings.folder, error);
        return 0;
    }
    const auto files = find_features(options.paths);
    if (!files) return usage_error(files.error());

    std::vector<FileResult> results;
    for (const auto& file : *files)
        results.push_back(run_file(file, *wanted, make_steps, options));
    fs::remove(settings.folder, error);
    const auto totals = count(results);
    fmt::print("{}\n", options.json ? to_json(results) : closing_line(totals));
    if (totals.passed + totals.failed == 0) return usage_error("no scenario has these tags");
    return totals.failed == 0 ? 0 : 1;
}

}  // namespace

int run_application(int count, char** words) {
    CLI::App app{"Runs Gherkin features against the real programs, each scenario in a home of its own."};
    Options options;
    declare(app, options);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return run_all(options);
}

}  // namespace rbees::bdd
