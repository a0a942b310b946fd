#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "output/console.hpp"
#include "output/progress.hpp"
#include "output/table.hpp"
#include "output/terminal_text.hpp"
#include "output/words.hpp"
#include "rbees/base/utf8.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

Environment environment_with(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

TEST(Table, AlignsColumnsByCharactersNotBytes) {
    const Table table{.heading = {"ID", "STATE"}, .rows = {{"käse", "on disk"}, {"a-long-id", ""}}};

    EXPECT_EQ(render(table, Colour::off),
              "ID         STATE\n"
              "käse       on disk\n"
              "a-long-id  -\n");
}

TEST(Table, ColourAddsNothingToTheWidths) {
    const Table table{.heading = {"ID", "STATE"}, .rows = {{Cell("x", Tone::good), "on"}}};

    EXPECT_EQ(render(table, Colour::on), "\x1b[1mID\x1b[0m  \x1b[1mSTATE\x1b[0m\n\x1b[32mx\x1b[0m   on\n");
}

RC_GTEST_PROP(Table, GivesOneLineForEachRow, (const std::vector<std::string>& ids)) {
    Table table{.heading = {"ID"}, .rows = {}};
    for (const auto& id : ids) {
        if (id.find('\n') == std::string::npos) table.rows.push_back({id});
    }

    const auto text = render(table, Colour::off);

    RC_ASSERT(std::count(text.begin(), text.end(), '\n') == static_cast<std::ptrdiff_t>(table.rows.size() + 1));
}

TEST(ColourPolicy, IsOnOnlyForATerminalThatNobodyForbade) {
    const auto plain = environment_with({{"TERM", "xterm"}});

    EXPECT_EQ(decide_colour(Terminal::yes, Colour::on, plain), Colour::on);
    EXPECT_EQ(decide_colour(Terminal::no, Colour::on, plain), Colour::off);
    EXPECT_EQ(decide_colour(Terminal::yes, Colour::off, plain), Colour::off);
    EXPECT_EQ(decide_colour(Terminal::yes, Colour::on, environment_with({{"NO_COLOR", "1"}})), Colour::off);
    EXPECT_EQ(decide_colour(Terminal::yes, Colour::on, environment_with({{"NO_COLOR", ""}})), Colour::on);
    EXPECT_EQ(decide_colour(Terminal::yes, Colour::on, environment_with({{"TERM", "dumb"}})), Colour::off);
}

TEST(TerminalText, DropsWhatATerminalWouldObey) {
    EXPECT_EQ(for_terminal("a\x1b]52;c;cm0=\x07z", Colour::on), "a]52;c;cm0=z");
    EXPECT_EQ(for_terminal("one\r\n\ttwo\x08\x7f", Colour::on), "one\n\ttwo");
    EXPECT_EQ(for_terminal(std::string_view("nul\0l", 5), Colour::on), "null");
    EXPECT_EQ(for_terminal("\xc2\x9b"
                           "31m and \x9d"
                           "0;title",
                           Colour::on),
              "31m and 0;title");
}

TEST(TerminalText, KeepsEveryOtherCharacter) {
    for (const auto* text : {"käse", "Ā ě \u00a0", "蜂 \U0001F41D", "\xff\xe4 old bytes"}) {
        EXPECT_EQ(for_terminal(text, Colour::off), text);
    }
}

TEST(TerminalText, KeepsOurColoursOnlyWhereThereAreColours) {
    const auto painted = paint(Colour::on, Tone::bad, "no");

    EXPECT_EQ(for_terminal(painted, Colour::on), painted);
    EXPECT_EQ(for_terminal(painted, Colour::off), "[31mno[0m");
    EXPECT_EQ(for_terminal("\x1b[8mhidden", Colour::on), "[8mhidden");
}

RC_GTEST_PROP(TerminalText, LetsNoControlCharacterThrough, (const std::string& bytes)) {
    const auto text = for_terminal(bytes, Colour::off);

    const auto is_control = [](char byte) {
        return (static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
    };
    RC_ASSERT(std::ranges::none_of(text, is_control));
    RC_ASSERT(!is_valid_utf8(bytes) || is_valid_utf8(text));
    RC_ASSERT(for_terminal(text, Colour::off) == text);
}

TEST(Console, GivesAPipeTheBytesAsTheyAreAndATerminalSafeText) {
    std::ostringstream pipe;
    std::ostringstream screen;
    Console console({&pipe, Terminal::no, Colour::off}, {&screen, Terminal::yes, Colour::on}, OutputForm::text,
                    Verbosity::normal);

    console.print("a\x1b[2Jb\r\n");
    console.warn("a\x1b[2Jb");
    console.progress().show("c\x1b[2Jd", Instant(0s));

    EXPECT_EQ(pipe.str(), "a\x1b[2Jb\r\n");
    EXPECT_EQ(screen.str(), "a[2Jb\n\r| c[2Jd\x1b[K\r\x1b[K");
}

TEST(TimeInWords, IsRelativeForPeopleAndExactForPrograms) {
    const auto now = WallTime(std::chrono::milliseconds(1'795'260'218'120));

    EXPECT_EQ(time_in_words(now - 192s, now, Terminal::yes), "3 min ago");
    EXPECT_EQ(time_in_words(now + 7200s, now, Terminal::yes), "in 2 h");
    EXPECT_EQ(time_in_words(now - 300ms, now, Terminal::yes), "just now");
    EXPECT_EQ(time_in_words(now, now, Terminal::no), to_rfc3339(now));
}

TEST(CountOf, TakesAnSExceptForOne) {
    EXPECT_EQ(count_of(1, "worker"), "1 worker");
    EXPECT_EQ(count_of(0, "worker"), "0 workers");
}

TEST(RateMeter, ForgetsTheRateBeforeAStall) {
    RateMeter meter;
    meter.add(Bytes(0), Instant(0s));
    meter.add(Bytes(10'000'000), Instant(1s));
    EXPECT_EQ(meter.per_second(), Bytes(10'000'000));

    for (int second = 2; second < 20; ++second) {
        meter.add(Bytes(10'000'000), Instant(std::chrono::seconds(second)));
    }

    EXPECT_EQ(meter.per_second(), Bytes(0));
}

TEST(RateMeter, StartsAnewWhenAnotherSourceStartsAtTheBeginning) {
    RateMeter meter;
    meter.add(Bytes(5'000'000), Instant(0s));

    meter.add(Bytes(0), Instant(1s));

    EXPECT_FALSE(meter.per_second());
}

TEST(Transfer, ShowsBarRateAndRestWhereTheTotalIsKnown) {
    const Transfer transfer{"smollm2", "downloading", Bytes(50'000'000), Bytes(100'000'000), Bytes(10'000'000)};

    EXPECT_EQ(render(transfer),
              "smollm2  downloading [############............]  50 %  50 MB of 100 MB, 10 MB/s, 5 s left");
}

TEST(Transfer, ShowsBytesOnlyWhereTheTotalIsNot) {
    const Transfer transfer{"smollm2", "downloading", Bytes(50'000'000), std::nullopt, std::nullopt};

    EXPECT_EQ(render(transfer), "smollm2  downloading  50 MB");
}

RC_GTEST_PROP(Bar, HasTheSameWidthForEveryShare, (double share)) {
    RC_PRE(std::isfinite(share));

    RC_ASSERT(render_bar(share, 24).size() == 26U);
}

TEST(ProgressLine, WritesAPlainLineEveryFiveSecondsWhereNobodyRedraws) {
    std::string written;
    ProgressLine line(Terminal::no, [&](std::string_view text) { written += text; });

    line.show("a", Instant(0s));
    line.show("b", Instant(4s));
    line.show("c", Instant(5s));
    line.clear();

    EXPECT_EQ(written, "a\nc\n");
}

TEST(ProgressLine, RedrawsItselfOnATerminalAndLeavesNothing) {
    std::string written;
    ProgressLine line(Terminal::yes, [&](std::string_view text) { written += text; });

    line.show("a", Instant(0s));
    line.show("b", Instant(1ms));
    line.clear();

    EXPECT_EQ(written, "\r| a\x1b[K\r/ b\x1b[K\r\x1b[K");
}

}  // namespace
}  // namespace rbees::ctl
