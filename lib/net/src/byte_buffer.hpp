#pragma once
/// @file
/// Bytes that were read and not yet used: one block of memory, read at its end, used from its front.
///
/// `prepare` may move the bytes, so it must not be called while a read into the block is under way; `consume` never
/// moves.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "rbees/base/assert.hpp"

namespace rbees::net {

class ByteBuffer {
  public:
    [[nodiscard]] std::string_view view() const { return {storage_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }

    void consume(std::size_t count) {
        RBEES_ASSERT(count <= size());
        begin_ += count;
    }

    void commit(std::size_t count) {
        RBEES_ASSERT(count <= capacity_ - end_);
        end_ += count;
    }

    /// Free room behind the bytes, `block_bytes / 2` at least.
    [[nodiscard]] std::span<char> prepare() {
        if (empty()) begin_ = end_ = 0;
        if (capacity_ - end_ < block_bytes / 2) make_room();
        return {storage_.get() + end_, capacity_ - end_};
    }

  private:
    static constexpr std::size_t block_bytes = 8192;

    void make_room() {
        const auto used = size();
        const auto needed = used + block_bytes / 2;
        if (needed <= capacity_) {
            std::memmove(storage_.get(), storage_.get() + begin_, used);
        } else {
            const auto capacity = std::max(block_bytes, capacity_ * 2);
            auto larger = std::make_unique_for_overwrite<char[]>(capacity);
            if (used > 0) std::memcpy(larger.get(), storage_.get() + begin_, used);
            storage_ = std::move(larger);
            capacity_ = capacity;
        }
        begin_ = 0;
        end_ = used;
    }

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace rbees::net
