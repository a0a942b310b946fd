#include "rbees/base/home.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>

namespace rbees {
namespace {

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto variable = variables.find(name);
        return variable == variables.end() ? std::nullopt : std::optional(variable->second);
    };
}

TEST(FindHome, OneFolderHoldsEverythingButTheCache) {
    const auto home = find_home("/srv/bees", environment_of({{"HOME", "/home/ada"}, {"RBEES_HOME", "/elsewhere"}}));

    ASSERT_TRUE(home);
    EXPECT_EQ(home->config, "/srv/bees");
    EXPECT_EQ(home->state, "/srv/bees/state");
    EXPECT_EQ(home->models, "/srv/bees/models");
    EXPECT_EQ(home->logs, "/srv/bees/logs");
    EXPECT_EQ(home->secrets, "/srv/bees/secrets");
    EXPECT_EQ(home->run, "/srv/bees/run");
    EXPECT_EQ(home->cache, "/home/ada/.cache/rbees");
    EXPECT_EQ(home->journal(), "/srv/bees/state/orcd.db");
    EXPECT_EQ(home->admin_token(), "/srv/bees/secrets/admin.token");
}

TEST(FindHome, VariableNamesTheFolderWhereNoFlagDoes) {
    const auto environment = environment_of({{"HOME", "/home/ada"}, {"RBEES_HOME", "/srv/bees"}});

    EXPECT_EQ(find_home(std::nullopt, environment)->config, "/srv/bees");
    EXPECT_EQ(find_home("", environment)->config, "/srv/bees");
}

TEST(FindHome, FoldersOfTheUserFollowXdgDefaults) {
    const auto home = find_home(std::nullopt, environment_of({{"HOME", "/home/ada"}}));

    ASSERT_TRUE(home);
    EXPECT_EQ(home->config, "/home/ada/.config/rbees");
    EXPECT_EQ(home->state, "/home/ada/.local/state/rbees");
    EXPECT_EQ(home->models, "/home/ada/.local/share/rbees/models");
    EXPECT_EQ(home->logs, "/home/ada/.local/state/rbees/logs");
    EXPECT_EQ(home->secrets, "/home/ada/.local/state/rbees/secrets");
    EXPECT_EQ(home->run, "/home/ada/.local/state/rbees/run");
    EXPECT_EQ(home->cache, "/home/ada/.cache/rbees");
}

TEST(FindHome, XdgVariablesMoveEachFolder) {
    const auto home = find_home(std::nullopt, environment_of({{"XDG_CONFIG_HOME", "/c"},
                                                              {"XDG_STATE_HOME", "/s"},
                                                              {"XDG_DATA_HOME", "/d"},
                                                              {"XDG_CACHE_HOME", "/k"},
                                                              {"XDG_RUNTIME_DIR", "/run/user/7"}}));

    ASSERT_TRUE(home);
    EXPECT_EQ(home->config, "/c/rbees");
    EXPECT_EQ(home->state, "/s/rbees");
    EXPECT_EQ(home->models, "/d/rbees/models");
    EXPECT_EQ(home->run, "/run/user/7/rbees");
    EXPECT_EQ(home->cache, "/k/rbees");
}

TEST(FindHome, CacheVariableIsTheFolderItself) {
    const auto environment = environment_of({{"HOME", "/home/ada"}, {"RBEES_CACHE", "/big/cache"}});

    EXPECT_EQ(find_home(std::nullopt, environment)->cache, "/big/cache");
    EXPECT_EQ(find_home("/srv/bees", environment)->cache, "/big/cache");
}

TEST(FindHome, ServiceWithoutUserKeepsItsCacheInItsFolder) {
    EXPECT_EQ(find_home("/srv/bees", environment_of({}))->cache, "/srv/bees/cache");
}

TEST(FindHome, EmptyVariablesCountAsUnset) {
    const auto home = find_home(std::nullopt, environment_of({{"HOME", "/home/ada"},
                                                              {"RBEES_HOME", ""},
                                                              {"XDG_CONFIG_HOME", ""},
                                                              {"XDG_RUNTIME_DIR", ""},
                                                              {"RBEES_CACHE", ""}}));

    ASSERT_TRUE(home);
    EXPECT_EQ(home->config, "/home/ada/.config/rbees");
    EXPECT_EQ(home->run, "/home/ada/.local/state/rbees/run");
    EXPECT_EQ(home->cache, "/home/ada/.cache/rbees");
}

TEST(FindHome, RelativeFoldersAreMadeAbsolute) {
    const auto here = std::filesystem::current_path();

    EXPECT_EQ(find_home("./bees", environment_of({}))->config, here / "bees");
    EXPECT_EQ(find_home(std::nullopt, environment_of({{"RBEES_HOME", "b/../bees"}}))->state, here / "bees/state");
}

TEST(FindHome, NothingSetIsAFailureThatSaysWhatToSet) {
    EXPECT_EQ(describe(find_home(std::nullopt, environment_of({})).error()),
              "no home folder: HOME is not set (pass --home DIR, or set RBEES_HOME or HOME)");
}

TEST(ProcessEnvironment, ReadsTheProcessVariables) {
    ::setenv("RBEES_BASE_TEST", "yes", 1);

    EXPECT_EQ(process_environment()("RBEES_BASE_TEST"), "yes");
    ::unsetenv("RBEES_BASE_TEST");
    EXPECT_EQ(process_environment()("RBEES_BASE_TEST"), std::nullopt);
}

}  // namespace
}  // namespace rbees
