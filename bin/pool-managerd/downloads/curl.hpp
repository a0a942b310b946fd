#pragma once
/// @file
/// Files over http(s) by the `curl` program: TLS, proxies and redirects as this machine has them set up.

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "child_output.hpp"
#include "rbees/base/time.hpp"
#include "rbees/pool_core/answer_head.hpp"
#include "rbees/pool_core/download_plan.hpp"
#include "stop_signal.hpp"

namespace rbees::poold {

struct CurlRequest {
    std::string url;
    std::optional<pool::ByteRange> range;
    std::optional<std::string> if_range;  ///< the part only if the file is still this one (its ETag)
    std::optional<std::string> token;     ///< for this host; curl does not send it on to another
    Duration answer_timeout{};            ///< from now to the head of the answer
    std::filesystem::path log_file;       ///< for curl's own words
    std::shared_ptr<StopSignal> stop;     ///< ends it early, if there is one
};

/// An answer whose body comes in pieces. Owns the child.
class CurlAnswer {
  public:
    CurlAnswer(std::unique_ptr<ChildOutput> child, pool::AnswerHead head, std::string first);

    [[nodiscard]] const pool::AnswerHead& head() const { return head_; }

    /// What has arrived of the body, at least one byte; empty at the end, proper or not.
    [[nodiscard]] net::Task<std::string> read();

    /// After the end: why it was no proper one; nothing if it was.
    [[nodiscard]] net::Task<std::optional<std::string>> complaint();

  private:
    std::unique_ptr<ChildOutput> child_;
    pool::AnswerHead head_;
    std::string first_;
};

/// Asks, and waits for the head of the answer that counts. Fails with a reason for people.
[[nodiscard]] net::Task<std::expected<std::unique_ptr<CurlAnswer>, std::string>> open_url(net::IoContext& io,
                                                                                          CurlRequest request);

/// The whole body of a small answer of status 200.
[[nodiscard]] net::Task<std::expected<std::string, std::string>> read_url(net::IoContext& io, CurlRequest request,
                                                                          Bytes limit);

}  // namespace rbees::poold
