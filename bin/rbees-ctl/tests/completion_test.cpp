/// The scripts in the shells that they are for. A shell that is not installed is skipped.

#include "cli/completion.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "cli/command.hpp"
#include "rbees/process/spawn.hpp"
#include "support.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

class CompletionTest : public CommandTest {
  protected:
    CompletionTest() {
        // A rbees that knows two models, and a third one in the home that the line names.
        std::ofstream(folder / "rbees")
            << "#!/bin/sh\n"
            << "case \"$*\" in\n"
            << "  *'models list --all'*) echo 'ID KIND'; echo 'smollm2 * chat'; echo 'qwen3-4b chat' ;;\n"
            << "  *'jobs list --status live'*) echo 'ID STATUS'; echo 'job-1 queued, 2 before m' ;;\n"
            << "  *'jobs list'*) echo 'ID STATUS'; echo 'job-1 queued'; echo 'job-0 completed' ;;\n"
            << "  *'sessions list --open'*) echo 'ID STATUS'; echo 'day open' ;;\n"
            << "  *'sessions list'*) echo 'ID STATUS'; echo 'day open'; echo 'night closed' ;;\n"
            << "esac\n"
            << "case \"$*\" in --home\\ /lab*) echo 'lab-model chat' ;; esac\n";
        std::filesystem::permissions(folder / "rbees", std::filesystem::perms::owner_all);
        path_ = folder.native() + ":" + process_environment()("PATH").value_or("/usr/bin:/bin");
    }

    [[nodiscard]] std::string script_for(const std::string& shell) const {
        const auto file = folder / ("rbees." + shell);
        std::ofstream(file) << completion_script(shell);
        return file.native();
    }

    /// Runs `text` in the shell and returns what it wrote; nothing if there is no such shell.
    [[nodiscard]] std::optional<std::string> run_in(const std::string& shell, std::vector<std::string> options,
                                                    const std::string& text) const {
        const auto file = folder / "test";
        std::ofstream(file) << text;
        options.push_back(file.native());
        const process::SpawnPlan plan{.program = shell,
                                      .arguments = options,
                                      .environment = {{"PATH", path_}, {"HOME", folder.native()}},
                                      .log_file = folder / "said"};
        auto ran = process::spawn(plan);
        if (!ran) return std::nullopt;
        if (!ran->wait_for(std::chrono::seconds(60))) {
            (void)ran->kill();
            ADD_FAILURE() << shell << " does not come to an end";
        }
        return read_file(folder / "said").value_or("");
    }

  private:
    std::string path_;
};

class EveryShell : public CompletionTest, public testing::WithParamInterface<std::string> {};

TEST_P(EveryShell, ScriptNamesEveryCommandAndIsWellFormed) {
    const auto script = completion_script(GetParam());
    for (const auto& command : commands()) {
        EXPECT_THAT(script, HasSubstr(command.words)) << command.words;
    }

    const auto said = run_in(GetParam(), {"-n"}, script);

    if (!said) GTEST_SKIP() << GetParam() << " is not installed";
    EXPECT_EQ(*said, "");
}

INSTANTIATE_TEST_SUITE_P(Completion, EveryShell, testing::Values("bash", "zsh", "fish"),
                         [](const auto& param) { return param.param; });

TEST_F(CompletionTest, BashCompletesVerbsOptionsChoicesAndIds) {
    const auto said = run_in("bash", {}, "source " + script_for("bash") + R"(
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rbees; echo "${COMPREPLY[*]}"; }
try rbees mod
try rbees models ''
try rbees --home /x models pu
try rbees run --max
try rbees tokens create x --role no
try rbees completion f
try rbees models pull ''
try rbees --home /lab run --model l
try rbees help exi
try rbees jobs cancel ''
try rbees jobs status ''
try rbees sessions delete ''
try rbees sessions get ''
)");

    ASSERT_TRUE(said);
    EXPECT_EQ(*said,
              "models\nlist pull load unload rm --help\npull\n--max-tokens\nnode\nfish\nsmollm2 qwen3-4b\nlab-model\n"
              "exit-codes\njob-1\njob-1 job-0\nday\nday night\n");
}

TEST_F(CompletionTest, FishCompletesVerbsOptionsChoicesAndIds) {
    const auto said = run_in("fish", {"--no-config"}, "cd " + folder.native() + "\nsource " + script_for("fish") + R"(
function try; complete -C "$argv" | string replace -r '\t.*' '' | string join ' '; end
try "rbees mod"
try "rbees models "
try "rbees --home /x models pu"
try "rbees run --max"
try "rbees tokens create x --role "
try "rbees completion f"
try "rbees models pull "
try "rbees --home /lab run --model l"
try "rbees help exi"
try "rbees up --listen "
)");

    if (!said) GTEST_SKIP() << "fish is not installed";
    EXPECT_EQ(*said,
              "models\nlist load pull rm unload\npull\n--max-tokens\nadmin node\nfish\nqwen3-4b smollm2\nlab-model\n"
              "exit-codes\n");
}

/// What zsh shows when these words are typed and Tab is pressed: the line that it completes, or what it lists.
std::string zsh_tab(const std::string& script, std::string_view typed, std::string_view awaited) {
    return R"(zmodload zsh/zpty
zpty tab 'TERM=dumb zsh -f -i'
zpty -w tab 'PS1=""; unsetopt beep; autoload -Uz compinit; compinit -u -D; source )" +
           script + R"(; print REA""DY'
zpty -r tab seen '*READY*' || exit 1
zpty -w -n tab $')" +
           std::string(typed) + R"(\t'
zpty -r tab seen $')" +
           std::string(awaited) + R"(' && print found
)";
}

TEST_F(CompletionTest, ZshCompletesOnTab) {
    const auto script = script_for("zsh");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"rbees mod", "*rbees models *"},
        {"rbees models ", "*list*load*pull*rm*unload*"},
        {"rbees --home /x models pu", "*pull *"},
        {"rbees run --max", "*--max-tokens *"},
        {"rbees tokens create x --role n", "*--role node *"},
        {"rbees models pull s", "*pull smollm2 *"},
        {"rbees models pull ", "*qwen3-4b*smollm2*"},
        {"rbees --home /lab run --model l", "*--model lab-model *"},
        {"rbees help exi", "*help exit-codes *"},
    };
    for (const auto& [typed, awaited] : cases) {
        const auto said = run_in("zsh", {"-f"}, zsh_tab(script, typed, awaited));

        if (!said) GTEST_SKIP() << "zsh is not installed";
        EXPECT_THAT(*said, HasSubstr("found")) << typed;
    }
}

TEST_F(CompletionTest, ZshTakesTheScriptFromAFolderOfFunctionsToo) {
    std::filesystem::create_directory(folder / "functions");
    std::ofstream(folder / "functions" / "_rbees") << completion_script("zsh");

    const auto said = run_in("zsh", {"-f"}, R"(
fpath=()" + (folder / "functions").native() + R"( $fpath)
compadd() { shift; print -l -- "$@" }
words=(rbees models ''); CURRENT=3
autoload -Uz _rbees
_rbees
)");

    if (!said) GTEST_SKIP() << "zsh is not installed";
    EXPECT_EQ(*said, "list\npull\nload\nunload\nrm\n--help\n");
}

}  // namespace
}  // namespace rbees::ctl
