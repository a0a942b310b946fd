#include "rbees/base/shell.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace rbees {
namespace {

TEST(ShellWord, PlainTextStaysAsItIs) {
    for (const auto* plain : {"smollm2", "hf:org/Repo_1@main::file=a+b/model.gguf", "file:/models/x,y-%1.gguf"}) {
        EXPECT_EQ(shell_word(plain), plain);
    }
}

TEST(ShellWord, WhatAShellWouldReadIsQuoted) {
    EXPECT_EQ(shell_word("file:/my models/x.gguf"), "'file:/my models/x.gguf'");
    EXPECT_EQ(shell_word("/it's $HOME"), R"('/it'\''s $HOME')");
    EXPECT_EQ(shell_word("~/x"), "'~/x'");
    EXPECT_EQ(shell_word("=ls"), "'=ls'");
    EXPECT_EQ(shell_word("x;rm"), "'x;rm'");
    EXPECT_EQ(shell_word("Bücher"), "'Bücher'");
    EXPECT_EQ(shell_word(""), "''");
}

/// What /bin/sh makes of a word.
std::string read_by_a_shell(const std::string& word) {
    const auto command = "printf %s " + word;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string read;
    std::array<char, 4096> chunk{};
    while (const auto size = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
        read.append(chunk.data(), size);
    }
    ::pclose(pipe);
    return read;
}

RC_GTEST_PROP(ShellWord, IsReadByAShellAsTheTextItself, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::nonZero<char>());

    RC_ASSERT(read_by_a_shell(shell_word(text)) == text);
}

}  // namespace
}  // namespace rbees
