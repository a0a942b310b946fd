#include "rbees/engine/simulated.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "rbees/base/hash.hpp"
#include "rbees/engine/finished_answer.hpp"
#include "rbees/engine/request.hpp"
#include "sim_answer.hpp"
#include "sim_core.hpp"
#include "sim_script.hpp"
#include "sim_text.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

constexpr std::uint32_t load_steps = 10;

class SimulatedEngine final : public Engine {
  public:
    explicit SimulatedEngine(std::shared_ptr<SimulatedCore> core) : core_(std::move(core)) {
        capabilities_ = {.model = core_->name,
                         .model_hash = core_->hash,
                         .kind = core_->model.kind,
                         .context = core_->model.context,
                         .slots = core_->model.slots,
                         .batch = 1,
                         .threads = 0,
                         .tools = core_->model.kind == Kind::chat,
                         .grammar = core_->model.kind == Kind::chat};
    }

    const Capabilities& capabilities() const override { return capabilities_; }
    Counters counters() const override { return core_->counters(); }
    Load load() const override {
        const auto load = core_->slots.load();
        return {.slots_busy = load.busy, .queued = load.waiting};
    }

    std::unique_ptr<Answer> start(Call call) override {
        auto body = read_call(call, core_->hash);
        if (!body) return finished_answer(body.error());
        auto answer = answer_to(call, *body);
        return answer ? std::move(*answer) : finished_answer(answer.error());
    }

  private:
    using Started = std::expected<std::unique_ptr<Answer>, ApiError>;

    Started answer_to(const Call& call, const json::object& body) {
        const bool chat = core_->model.kind == Kind::chat;
        switch (call.operation) {
            case Operation::tokenize:
                return tokenize(body);
            case Operation::detokenize:
                return detokenize(body);
            case Operation::embedding:
                if (core_->model.kind == Kind::embedding) return embed(body);
                break;
            case Operation::chat:
            case Operation::completion:
                if (chat) return generate(call, body);
                break;
            case Operation::apply_template:
                if (chat) return apply_template(body);
                break;
            case Operation::rerank:
                break;
        }
        return std::unexpected(not_supported(call.operation, core_->model.kind));
    }

    Started generate(const Call& call, const json::object& body) {
        const auto request = read_generation(call.operation, body, 1);
        if (!request) return std::unexpected(request.error());
        auto script = write_script(call, body, *request, core_->model);
        if (!script) return std::unexpected(script.error());
        Delivery delivery{.operation = call.operation,
                          .stream = request->stream,
                          .include_usage = request->include_usage,
                          .ids = call.ids,
                          .task = call.task,
                          .first = call.from ? call.from->generated.size() : 0};
        const auto answer = call.frames == Frames::tokens ? token_answer : generation_answer;
        return answer(core_, std::move(*script), std::move(delivery));
    }

    Started embed(const json::object& body) {
        const auto request = read_embedding(body);
        if (!request) return std::unexpected(request.error());
        return embedding_answer(core_, *request);
    }

    static Started tokenize(const json::object& body) {
        const auto content = read_tokenize(body);
        if (!content) return std::unexpected(content.error());
        return finished_answer(json::serialize(json::object{{"tokens", json::value_from(sim_encode(*content))}}));
    }

    static Started detokenize(const json::object& body) {
        const auto ids = read_detokenize(body);
        if (!ids) return std::unexpected(ids.error());
        return finished_answer(json::serialize(json::object{{"content", sim_decode(*ids)}}));
    }

    static Started apply_template(const json::object& body) {
        const auto request = read_generation(Operation::chat, body, 1);
        if (!request) return std::unexpected(request.error());
        return finished_answer(json::serialize(json::object{{"prompt", sim_render(body)}}));
    }

    std::shared_ptr<SimulatedCore> core_;
    Capabilities capabilities_;
};

void spend_load_time(const SimulatedModel& model, const std::function<void(double)>& progress, Pace& pace) {
    const auto started = pace.now();
    for (std::uint32_t step = 0; step <= load_steps; ++step) {
        const double share = static_cast<double>(step) / load_steps;
        const std::chrono::duration<double, std::milli> spent(share * model.load_ms);
        pace.wait_until(started + std::chrono::duration_cast<Duration>(spent), {});
        if (progress) progress(share);
    }
}

}  // namespace

std::expected<std::unique_ptr<Engine>, LoadError> load_simulated(const LoadPlan& plan,
                                                                 const std::function<void(double)>& progress) {
    return load_simulated(plan, progress, std::make_shared<RealPace>());
}

std::expected<std::unique_ptr<Engine>, LoadError> load_simulated(const LoadPlan& plan,
                                                                 const std::function<void(double)>& progress,
                                                                 std::shared_ptr<Pace> pace) {
    auto model = parse_simulated_model(plan.model_path);
    if (!model) return std::unexpected(LoadError{LoadErrorKind::not_supported, model.error()});
    if (plan.kind) model->kind = *plan.kind;
    if (plan.context) model->context = *plan.context;
    spend_load_time(*model, progress, *pace);
    if (model->fail_load) {
        const Failure failure{"simulated model " + model->name + " failed to load, as its fail_load=1 says", {}};
        return std::unexpected(LoadError{LoadErrorKind::failed, failure});
    }
    // Two workers hold the same simulated model if they would say the same.
    auto hash = "sim:" + sha256_hex(model->name + '/' + std::to_string(model->seed)).substr(0, 16);
    auto name = plan.model_name.empty() ? "sim:" + model->name : plan.model_name;
    return std::make_unique<SimulatedEngine>(
        std::make_shared<SimulatedCore>(std::move(*model), std::move(name), std::move(hash), std::move(pace)));
}

}  // namespace rbees::engine
