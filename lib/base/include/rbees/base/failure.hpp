#pragma once
/// @file
/// What an adapter answers when the environment fails: a sentence for people, and what they can do about it.
///
/// Where callers *react* differently to different errors, a module has an enum of its own instead; `Failure` is for the
/// many cases in which the only reaction is to say it.

#include <expected>
#include <string>
#include <utility>

namespace rbees {

struct Failure {
    std::string message;  ///< what happened, with the name of the thing it happened to; no trailing full stop
    std::string remedy;   ///< what the reader can do; empty where there is nothing

    bool operator==(const Failure&) const = default;
};

template <class T>
using Result = std::expected<T, Failure>;

/// `return fail("cannot open " + path, "check the folder's permissions");`
[[nodiscard]] inline std::unexpected<Failure> fail(std::string message, std::string remedy = {}) {
    return std::unexpected(Failure{std::move(message), std::move(remedy)});
}

/// "message: <text of errno>", for a system call that just failed.
[[nodiscard]] std::unexpected<Failure> fail_with_errno(std::string message, std::string remedy = {});

/// "message (remedy)", or the message alone.
[[nodiscard]] std::string describe(const Failure& failure);

}  // namespace rbees
