#include "rbees/base/ids.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>

#include "rbees/base/assert.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/random.hpp"

namespace rbees {
namespace {

constexpr std::size_t entropy_bytes = 10;
constexpr std::size_t id_length_max = 128;
constexpr unsigned counter_max = 0x0fff;    ///< the 12 bits after the version
constexpr unsigned counter_start = 0x07ff;  ///< a new millisecond starts at random in the lower half

/// Orders the ids of one millisecond by a counter in rand_a (RFC 9562 section 6.2, method 1). The one thing in this
/// module that outlives a call: two lists of the same process must not disagree about which of two ids is older.
class Sequence {
  public:
    struct Place {
        WallTime time;
        unsigned counter;
    };

    Place next(WallTime now, unsigned random) {
        const std::lock_guard lock(mutex_);
        if (last_.time < now) {
            last_ = {now, random & counter_start};
        } else if (last_.counter < counter_max) {
            ++last_.counter;
        } else {
            last_ = {last_.time + std::chrono::milliseconds(1), random & counter_start};
        }
        return last_;
    }

  private:
    std::mutex mutex_;
    Place last_{};
};

unsigned first_two_bytes(std::string_view bytes) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}

}  // namespace

std::string make_uuid_v7(WallTime now, std::string_view random) {
    RBEES_ASSERT(random.size() == entropy_bytes);
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    std::string bytes;
    for (int shift = 40; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(time >> shift & 0xff);
    }
    bytes += random;
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x70);  // version 7
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
    auto text = to_hex(bytes);
    for (const std::size_t dash : {8, 13, 18, 23}) {
        text.insert(dash, 1, '-');
    }
    return text;
}

std::string new_uuid() {
    static Sequence sequence;
    auto random = random_bytes(entropy_bytes);
    const auto place = sequence.next(wall_now(), first_two_bytes(random));
    random[0] = static_cast<char>(place.counter >> 8);
    random[1] = static_cast<char>(place.counter & 0xff);
    return make_uuid_v7(place.time, random);
}

bool is_valid_id(std::string_view text) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return !text.empty() && text.size() <= id_length_max && text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace rbees
