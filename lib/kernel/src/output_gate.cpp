#include "rbees/kernel/output_gate.hpp"

#include <utility>

#include "rbees/base/assert.hpp"
#include "rbees/base/planted.hpp"

namespace rbees::kernel {

void OutputGate::batch_durable() {
    RBEES_ASSERT(durable_ < appended_);
    ++durable_;
    release();
}

void OutputGate::hold(Output output) {
    held_.push_back({appended_, std::move(output)});
    release();
}

void OutputGate::release() {
    // An output may hold further ones: they take their turn behind those that are here.
    if (releasing_) return;
    releasing_ = true;
    while (!held_.empty() && (held_.front().after <= durable_ || planted(Bug::reply_before_fsync))) {
        auto output = std::move(held_.front().output);
        held_.pop_front();
        output();
    }
    releasing_ = false;
}

}  // namespace rbees::kernel
