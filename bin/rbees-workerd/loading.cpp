#include "loading.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace rbees::workerd {

struct Loading::State {
    net::IoContext& io;
    EngineLoader loader;
    engine::LoadPlan plan;
    Callbacks callbacks;
    std::atomic<double> progress = 0;
    std::atomic<bool> is_told = true;  ///< the loop has seen `progress`; else a post is on its way

    /// An engine may report each of thousands of tensors; the loop sees the latest as often as it gets to it.
    void note(const std::shared_ptr<State>& self, double value) {
        progress = value;
        if (!is_told.exchange(false)) return;
        boost::asio::post(io, [self] {
            self->is_told = true;
            self->callbacks.progress(self->progress);
        });
    }
};

Loading::Loading(net::IoContext& io, EngineLoader loader, engine::LoadPlan plan, Callbacks callbacks) {
    auto state = std::make_shared<State>(io, std::move(loader), std::move(plan), std::move(callbacks));
    thread_ = std::thread([state = std::move(state)] { load(state); });
}

Loading::~Loading() {
    thread_.join();
}

/// Exceptions of the engine end the process: there is nothing to serve with it.
void Loading::load(const std::shared_ptr<State>& state) noexcept {
    auto loaded = state->loader(state->plan, [&state](double value) { state->note(state, value); });
    boost::asio::post(state->io,
                      [state, loaded = std::move(loaded)]() mutable { state->callbacks.done(std::move(loaded)); });
}

}  // namespace rbees::workerd
