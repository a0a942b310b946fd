#pragma once
/// @file
/// What the tests share: a home in a folder of its own, and a loop that runs until something is so.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "identity.hpp"
#include "rbees/base/home.hpp"
#include "rbees/net/task.hpp"

namespace rbees::poold {

/// A folder that goes with the object.
class TestHome {
  public:
    TestHome() {
        std::string name = (std::filesystem::temp_directory_path() / "rbees-pool-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
        folder_ = name;
        const auto cache = (folder_ / "cache").native();
        home =
            find_home((folder_ / "home").native(), [cache](const std::string& variable) -> std::optional<std::string> {
                if (variable == "RBEES_CACHE") return cache;
                return std::nullopt;
            }).value();
        if (!make_folders(home)) throw std::runtime_error("cannot make the home's folders");
    }
    ~TestHome() {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }
    TestHome(const TestHome&) = delete;
    TestHome& operator=(const TestHome&) = delete;

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    Home home;

  private:
    std::filesystem::path folder_;
};

/// Runs the loop until `is_so`, for 30 s at most: what a test waits for are events, so this is no measure of time.
inline bool run_until(net::IoContext& io, const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        io.restart();
        io.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
}

/// Runs a task to its end on a loop that goes on afterwards.
template <class T>
T finish(net::IoContext& io, net::Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& thrown, T value) {
        if (thrown) std::rethrow_exception(thrown);
        result.emplace(std::move(value));
    });
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); }));
    return std::move(result.value());
}

inline void finish(net::IoContext& io, net::Task<void> task) {
    bool is_done = false;
    boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
        is_done = true;
    });
    EXPECT_TRUE(run_until(io, [&] { return is_done; }));
}

}  // namespace rbees::poold
