#include "gateway/trail.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "rbees/reflect/number.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {
namespace {

constexpr std::string_view ids_prefix = "event: rbees.ids\ndata: ";
constexpr std::string_view start_prefix = "event: rbees.start\ndata: ";
constexpr std::string_view done_event = "data: [DONE]\n\n";

/// In JSON text only the member looks like this: in a string the quotation marks are escaped.
constexpr std::string_view finish_mark = R"("finish_reason":")";

/// For an answer that its request does not limit: more than any context holds.
constexpr std::uint64_t no_limit = 1 << 30;

/// What one event of `rbees.ids` says.
struct IdsEvent {
    std::uint64_t i = 0;
    contracts::TokenIdList ids;
};
BOOST_DESCRIBE_STRUCT(IdsEvent, (), (i, ids))

std::uint64_t limit_of(const reflect::json::object& request) {
    for (const auto* name : {"max_completion_tokens", "max_tokens", "n_predict"}) {
        const auto* limit = request.if_contains(name);
        const auto tokens = limit == nullptr ? std::nullopt : reflect::to_unsigned(*limit);
        if (tokens) return *tokens;
    }
    return no_limit;
}

}  // namespace

std::string Trail::pass(std::string bytes) {
    std::string out;
    held_ = held_.empty() ? std::move(bytes) : held_ + bytes;
    std::size_t begin = 0;
    for (auto end = held_.find("\n\n"); end != std::string::npos; end = held_.find("\n\n", begin)) {
        take(std::string_view(held_).substr(begin, end + 2 - begin), out);
        begin = end + 2;
    }
    held_.erase(0, begin);
    if (held_.size() > event_bytes_max) {
        knows_ids_ = false;
        out += std::exchange(held_, {});
    }
    return out;
}

std::string Trail::rest() {
    return std::exchange(held_, {});
}

std::string Trail::missing_end() const {
    return is_done_ ? std::string() : std::string(done_event);
}

void Trail::take(std::string_view event, std::string& out) {
    if (event.starts_with(ids_prefix)) return take_ids(event.substr(ids_prefix.size()));
    if (event.starts_with(start_prefix)) return take_start(event.substr(start_prefix.size()));
    if (event == done_event) is_done_ = true;
    if (!event.starts_with("data: {")) {
        out += event;
        return;
    }
    take_data(event, out);
}

void Trail::take_data(std::string_view event, std::string& out) {
    if (std::exchange(skips_greeting_, false)) return;
    const bool is_finish = event.contains(finish_mark);
    if (is_finish && std::exchange(skips_finish_, false)) return;
    if (announced_) {
        generated_.insert(generated_.end(), announced_->begin(), announced_->end());
    } else if (!has_finished_ && !is_finish) {
        knows_ids_ = false;  // text without its ids
    }
    announced_.reset();
    has_passed_ = true;
    has_usage_ = has_usage_ || has_finished_;
    has_finished_ = has_finished_ || is_finish;
    out += event;
}

void Trail::take_ids(std::string_view data) {
    auto said = reflect::from_json_text<IdsEvent>(data);
    if (!said || said->i > generated_.size()) {
        knows_ids_ = false;
        return;
    }
    // Fewer than we have, after a cut in the middle of a character: those are made again.
    generated_.resize(said->i);
    announced_ = std::move(said->ids);
}

void Trail::take_start(std::string_view data) {
    if (start_) return;  // the next worker's says the same
    auto said = reflect::from_json_text<contracts::ExecutionStart>(data);
    if (said) start_ = std::move(*said);
}

contracts::Continue Trail::go_on(contracts::ExecutionKind operation, reflect::json::object request) {
    held_.clear();
    announced_.reset();
    skips_greeting_ = has_passed_ && generated_.empty();
    skips_finish_ = has_finished_;
    const auto limit = limit_of(request);
    contracts::ContinueFrom from;
    from.prompt_ids = start_->prompt_ids;
    from.generated_ids = generated_;
    from.seed = start_->seed;
    from.sampling = start_->sampling;
    from.max_tokens = limit - std::min<std::uint64_t>(limit, generated_.size());
    return {operation, std::move(request), std::move(from), start_->model_hash};
}

}  // namespace rbees::orcd
