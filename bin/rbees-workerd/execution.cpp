#include "execution.hpp"

#include <algorithm>
#include <utility>

#include "rbees/base/assert.hpp"

namespace rbees::workerd {

Execution::Execution(net::IoContext& io, pool::ExecutionKey key, engine::Call call, TaskBook::Entry running)
    : key_(std::move(key)),
      call_(std::move(call)),
      running_(std::make_shared<TaskBook::Entry>(std::move(running))),
      news_(io) {
    if (call_.from) generated_ = call_.from->generated;
}

net::Task<Execution::Verdict> Execution::verdict() {
    while (!verdict_) {
        co_await news_.wait();
    }
    co_return *verdict_;
}

void Execution::settle(Verdict verdict) {
    if (verdict_) return;
    verdict_ = std::move(verdict);
    news_.ring();
}

engine::Call Execution::next_call(const std::string& model_hash) const {
    auto call = call_;
    if (!started_) return call;
    const auto known = call_.from ? call_.from->generated.size() : 0;
    const auto said = generated_.size() - known;
    call.from = engine::Continuation{.prompt = started_->prompt,
                                     .generated = generated_,
                                     .seed = started_->seed,
                                     .left = Tokens(started_->left.value - std::min(started_->left.value, said)),
                                     .sampling = started_->sampling,
                                     .model_hash = model_hash};
    return call;
}

void Execution::follow(std::shared_ptr<AnswerStream> stream) {
    stream_ = std::move(stream);
    is_paused_ = false;
}

bool Execution::note(const engine::Started& started) {
    if (started_) return false;
    started_ = started;
    return true;
}

bool Execution::note(const engine::Said& said) {
    if (said.first != generated_.size()) return false;
    generated_.insert(generated_.end(), said.ids.begin(), said.ids.end());
    return true;
}

void Execution::pause() {
    RBEES_ASSERT(stream_);
    stream_->cancel(Stopped::by_lease);
    is_paused_ = stream_->stopped().has_value();
}

void Execution::stop() {
    if (stream_) stream_->cancel(Stopped::by_lease);
    running_.reset();
    reader_ = 0;
    news_.ring();
}

std::uint64_t Execution::add_reader() {
    reader_ = ++last_reader_;
    news_.ring();
    return reader_;
}

void Execution::remove_reader(std::uint64_t reader) {
    if (reader_ != reader) return;
    reader_ = 0;
    news_.ring();
}

}  // namespace rbees::workerd
