#pragma once
/// @file
/// What llama.cpp's sampler had come to know of an answer that broke off, found out with the same tokens by the same
/// rules (`common_sampler_accept`). It sits inside of a slot, where nobody can ask it.

#include <sampling.h>

#include <cstddef>
#include <memory>
#include <string>

#include "llama_core.hpp"
#include "trigger_search.hpp"

namespace rbees::engine {

struct FreeSampler {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using SamplerPtr = std::unique_ptr<llama_sampler, FreeSampler>;

/// The tokens that a sampler is fed with for a text (`generation_prompt`) when it is made.
[[nodiscard]] llama_tokens tokens_fed(const LlamaCore& core, const std::string& text);

/// Whether a model thinks, and the end of its thoughts that is forced upon it when they are too long.
class ThinkingReplay {
  public:
    /// As a new sampler is: fed with the generation prompt. Borrows both.
    ThinkingReplay(const LlamaCore& core, const common_params_sampling& sampling);

    void accept(llama_token token);

    [[nodiscard]] bool is_thinking() const;

    /// The tokens that ended the thinking just now, or null. A grammar that waits for its trigger sees them, and
    /// nothing else of the thinking.
    [[nodiscard]] const llama_tokens* end() const;

    /// Two replays in the same place force the same tokens after as many more.
    struct Place {
        int state = 0;
        int left = 0;    ///< tokens that the thoughts may still have
        int forced = 0;  ///< tokens of the forced end that were taken

        bool operator==(const Place&) const = default;
    };
    [[nodiscard]] Place place() const;

    /// Bytes since the newest thoughts ended, or since the beginning. Not while it thinks.
    [[nodiscard]] std::size_t bytes_since() const { return bytes_ - ended_at_; }

    /// The budget with which a sampler comes to the same place that is fed with `text` instead: its tokens may be more
    /// or fewer than those that were counted here.
    [[nodiscard]] int budget_for(const std::string& text) const;

  private:
    [[nodiscard]] int state() const;

    const LlamaCore& core_;
    const common_params_sampling& sampling_;
    SamplerPtr budget_;  ///< null where llama.cpp makes none
    int counted_ = 0;    ///< tokens of the newest thoughts before their end was forced
    int forced_ = 0;
    std::size_t bytes_ = 0;
    std::size_t counted_to_ = 0;  ///< bytes up to the last of the counted tokens
    std::size_t ended_at_ = 0;
};

/// A grammar that waits for its trigger.
class LazyReplay {
  public:
    LazyReplay(const LlamaCore& core, const common_params_sampling& sampling);

    void accept(llama_token token);

    /// The trigger came: the grammar has taken `text` since.
    [[nodiscard]] bool applies() const { return applies_; }

    /// What the grammar saw; once it applies, from the trigger on.
    [[nodiscard]] const std::string& text() const { return applies_ ? taken_ : search_.text(); }

    /// The model began to think again in what the grammar binds, so that there are tokens that it has not seen.
    [[nodiscard]] bool is_broken() const { return is_broken_; }

    /// How many of the tokens can be kept so that no trigger is cut in two.
    [[nodiscard]] std::size_t whole() const { return whole_; }

  private:
    void see(llama_token token);

    const LlamaCore& core_;
    ThinkingReplay thinking_;
    TriggerSearch search_;
    std::string taken_;
    std::size_t accepted_ = 0;
    std::size_t whole_ = 0;
    bool applies_ = false;
    bool is_broken_ = false;
};

}  // namespace rbees::engine
