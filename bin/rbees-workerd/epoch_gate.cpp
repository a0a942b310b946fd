#include "epoch_gate.hpp"

#include "rbees/base/numbers.hpp"
#include "rbees/contracts/workers.hpp"
#include "refusals.hpp"

namespace rbees::workerd {

std::expected<void, std::uint64_t> EpochGate::pass(std::uint64_t epoch) {
    if (epoch < newest_) return std::unexpected(newest_);
    newest_ = epoch;
    return {};
}

std::expected<void, contracts::Problem> EpochGate::check(const net::Request& request) {
    const auto given = request.headers.find(contracts::epoch_header);
    if (!given) return {};
    const auto epoch = parse_whole<std::uint64_t>(*given);
    if (!epoch) return std::unexpected(bad_header(contracts::epoch_header, "a whole number of 64 bits"));
    const auto passed = pass(*epoch);
    if (!passed) return std::unexpected(old_epoch(*epoch, passed.error()));
    return {};
}

}  // namespace rbees::workerd
