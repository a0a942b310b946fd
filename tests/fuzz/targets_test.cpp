#include "targets.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rbees::fuzz {
namespace {

constexpr int changed_inputs = 3'000;
constexpr std::uint32_t fixed_seed = 20'260'101;

class FuzzTargets : public testing::TestWithParam<Target> {};

/// A seed with some changes, as a fuzzer makes them.
class Changer {
  public:
    explicit Changer(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

    std::string next() {
        auto bytes = any_seed();
        for (auto count = below(8) + 1; count != 0; --count) {
            change(bytes);
        }
        return bytes;
    }

  private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
    const std::string& any_seed() { return seeds_[below(seeds_.size())]; }

    void change(std::string& bytes) {
        static constexpr std::string_view special[] = {
            "\"", "\\", "{", "[", "\r\n", ":", "0", "-1", "18446744073709551616", "\xff", "e999", "%", " ", "\\ud800"};
        const auto at = below(bytes.size());
        switch (below(6)) {
            case 0:
                if (!bytes.empty()) bytes[at] = static_cast<char>(below(256));
                break;
            case 1:
                bytes.erase(at, below(16));
                break;
            case 2:
                bytes.insert(at, special[below(std::size(special))]);
                break;
            case 3:
                bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
                break;
            case 4:
                bytes.resize(at);
                break;
            default: {
                const auto& other = any_seed();
                bytes.replace(at, below(32), other.substr(below(other.size()), below(64)));
            }
        }
    }

    std::vector<std::string> seeds_;
    std::mt19937 random_{fixed_seed};
};

TEST_P(FuzzTargets, KeepTheirPromisesForEachSeed) {
    for (const auto& seed : GetParam().seeds()) {
        SCOPED_TRACE(seed);
        GetParam().run(seed);
        for (std::size_t size = 0; size < seed.size(); ++size) {
            GetParam().run(std::string_view(seed).substr(0, size));
        }
    }
    GetParam().run("");
}

TEST_P(FuzzTargets, KeepTheirPromisesForThousandsOfChangedSeeds) {
    Changer changer(GetParam().seeds());
    for (int count = 0; count < changed_inputs; ++count) {
        GetParam().run(changer.next());
    }
}

std::vector<Target> all_targets() {
    return {targets().begin(), targets().end()};
}

INSTANTIATE_TEST_SUITE_P(All, FuzzTargets, testing::ValuesIn(all_targets()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace rbees::fuzz
