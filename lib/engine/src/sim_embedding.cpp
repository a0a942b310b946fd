#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "rbees/base/overloaded.hpp"
#include "rbees/engine/embedding_body.hpp"
#include "sim_answer.hpp"
#include "sim_text.hpp"
#include "sim_work.hpp"

namespace rbees::engine {
namespace {

constexpr std::size_t dimensions = 384;

/// The sum of a pseudo-random direction for each token, normalised: texts that share words point the same way.
std::vector<float> embed(const TokenIdList& ids, std::uint64_t seed) {
    std::vector<float> vector(dimensions);
    for (const auto id : ids) {
        auto state = sim_hash(seed, std::array{id});
        for (auto& value : vector) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;  // Knuth's MMIX generator
            value += static_cast<float>(static_cast<std::int32_t>(state >> 32)) / 2147483648.0F;
        }
    }
    double length = 0;
    for (const auto value : vector)
        length += static_cast<double>(value) * value;
    if (length > 0) {
        for (auto& value : vector)
            value = static_cast<float>(value / std::sqrt(length));
    }
    return vector;
}

TokenIdList ids_of(const EmbeddingInput& input) {
    return std::visit(overloaded{[](const std::string& text) { return sim_encode(text); },
                                 [](const TokenIdList& ids) { return ids; }},
                      input);
}

class EmbeddingAnswer final : public Answer {
  public:
    EmbeddingAnswer(std::shared_ptr<SimulatedCore> core, const EmbeddingRequest& request)
        : core_(std::move(core)), encoding_(request.encoding), stay_(core_) {
        for (const auto& input : request.inputs)
            texts_.push_back(ids_of(input));
    }

    Head head() override {
        if (head_) return *head_;
        const auto error = work();
        if (error) body_ = to_body(*error);
        head_ = Head{.status = error ? error->status : 200};
        return *head_;
    }

    std::optional<std::string> next() override {
        if (!head_) (void)head();
        if (stay_.stopped()) return std::nullopt;
        return std::exchange(body_, std::nullopt);
    }

    void cancel() noexcept override { stay_.stop(); }

  private:
    std::optional<ApiError> work() {
        TokenIdList all;
        std::vector<std::vector<float>> vectors;
        for (const auto& ids : texts_) {
            if (ids.size() > core_->model.context.value) {
                auto error = context_exceeded(Tokens(ids.size()), core_->model.context);
                error.param = "input";
                return error;
            }
            all.insert(all.end(), ids.begin(), ids.end());
            vectors.push_back(embed(ids, core_->model.seed));
        }
        if (auto error = stay_.enter(all)) return error;
        stay_.leave({});
        body_ = embedding_body(vectors, encoding_, core_->name, Tokens(all.size()));
        return std::nullopt;
    }

    std::shared_ptr<SimulatedCore> core_;
    EmbeddingEncoding encoding_;
    std::vector<TokenIdList> texts_;
    SlotStay stay_;
    std::optional<Head> head_;
    std::optional<std::string> body_;
};

}  // namespace

std::unique_ptr<Answer> embedding_answer(std::shared_ptr<SimulatedCore> core, const EmbeddingRequest& request) {
    return std::make_unique<EmbeddingAnswer>(std::move(core), request);
}

}  // namespace rbees::engine
