#include "unsynced.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "real.hpp"

namespace rbees::faults {
namespace {

/// The disk of the model must not fail by itself: what follows would say nothing.
void must(bool is_done, const char* what) {
    if (is_done) return;
    std::perror(what);
    std::abort();
}

}  // namespace

Unsynced::~Unsynced() {
    ::close(durable_);
}

void Unsynced::wrote(std::int64_t offset, std::string_view bytes) {
    hold({Kind::write, offset, std::string(bytes)});
}

void Unsynced::cut_to(std::int64_t size) {
    hold({Kind::cut, size, {}});
}

void Unsynced::grow_to(std::int64_t size) {
    hold({Kind::grow, size, {}});
}

void Unsynced::sync() {
    for (const auto& change : changes_)
        apply(change);
    changes_.clear();
    held_bytes_ = 0;
}

void Unsynced::lose(std::mt19937& random) {
    // From nothing to everything: programs break at different degrees of it.
    constexpr std::array<unsigned, 5> shares = {0, 1, 4, 7, 8};
    const auto eighths = shares[random() % shares.size()];
    for (const auto& change : changes_)
        apply_some(change, random, eighths);
    changes_.clear();
    held_bytes_ = 0;
}

void Unsynced::hold(Change change) {
    held_bytes_ += change.bytes.size();
    changes_.push_back(std::move(change));
    while (held_bytes_ > held_bytes_max) {
        apply(changes_.front());
        held_bytes_ -= changes_.front().bytes.size();
        changes_.pop_front();
    }
}

void Unsynced::apply(const Change& change) const {
    if (change.kind == Kind::write) return put(change.offset, change.bytes);
    struct stat now{};
    must(::fstat(durable_, &now) == 0, "faulty disk: cannot look at its copy");
    if (change.kind == Kind::grow && now.st_size >= change.offset) return;
    must(real().ftruncate(durable_, change.offset) == 0, "faulty disk: cannot change the size of its copy");
}

void Unsynced::apply_some(const Change& change, std::mt19937& random, unsigned eighths) const {
    const auto is_kept = [&] { return random() % 8 < eighths; };
    if (change.kind != Kind::write) {
        if (is_kept()) apply(change);
        return;
    }
    const auto end = change.offset + static_cast<std::int64_t>(change.bytes.size());
    for (auto at = change.offset; at < end;) {
        const auto next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
        const auto part = std::string_view(change.bytes).substr(at - change.offset, next - at);
        if (is_kept()) put(at, part);
        at = next;
    }
}

void Unsynced::put(std::int64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto count = real().pwrite(durable_, bytes.data(), bytes.size(), offset);
        must(count > 0, "faulty disk: cannot write its copy");
        bytes.remove_prefix(static_cast<std::size_t>(count));
        offset += count;
    }
}

}  // namespace rbees::faults
