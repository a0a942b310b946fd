#pragma once
/// @file
/// The output gate: nothing that depends on a record is seen before that record is on disk.
///
/// After the output gate of workerd (Cloudflare's runtime, io-gate.h): whatever is said to the outside waits behind the
/// last write that it may rest on, in the order in which it was said.
///
/// Not thread-safe; owned by the kernel's thread.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace rbees::kernel {

class OutputGate {
  public:
    using Output = std::move_only_function<void()>;

    /// A batch was handed to the journal: what is held from now on waits for it.
    void batch_appended() { ++appended_; }

    /// The oldest batch that was not yet is on disk: lets go what waited for it, in order.
    void batch_durable();

    /// Lets `output` out as soon as every batch appended so far is on disk; at once if they are.
    void hold(Output output);

    /// Outputs that wait.
    [[nodiscard]] std::size_t held() const { return held_.size(); }

  private:
    struct Held {
        std::uint64_t after;  ///< the number of the batch that must be on disk
        Output output;
    };

    void release();

    std::uint64_t appended_ = 0;
    std::uint64_t durable_ = 0;
    std::deque<Held> held_;
    bool releasing_ = false;
};

}  // namespace rbees::kernel
