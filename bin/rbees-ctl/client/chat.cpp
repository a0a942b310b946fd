#include "client/chat.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <vector>

#include "client/refusal.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::ctl {

/// A data frame of the stream, of which every part may be absent.
struct DeltaSeen {
    std::optional<std::string> content;
    std::optional<std::string> reasoning_content;
};
BOOST_DESCRIBE_STRUCT(DeltaSeen, (), (content, reasoning_content))

struct ChoiceSeen {
    std::optional<DeltaSeen> delta;
    std::optional<std::string> finish_reason;
};
BOOST_DESCRIBE_STRUCT(ChoiceSeen, (), (delta, finish_reason))

struct ChunkSeen {
    std::optional<std::string> id;
    std::optional<std::string> model;
    std::optional<std::vector<ChoiceSeen>> choices;
    std::optional<ChatUsage> usage;
    std::optional<boost::json::value> error;
};
BOOST_DESCRIBE_STRUCT(ChunkSeen, (), (id, model, choices, usage, error))

namespace {

using std::chrono_literals::operator""ms;

constexpr Duration loading_interval = 250ms;
constexpr Duration first_byte_time = std::chrono::minutes(10);  ///< queue and loading have bounds of their own in orcd
constexpr std::size_t error_body_max = std::size_t{64} << 10;

std::string body_of(const Question& question) {
    boost::json::array messages;
    if (question.system) messages.push_back({{"role", "system"}, {"content", *question.system}});
    messages.push_back({{"role", "user"}, {"content", question.prompt}});
    boost::json::object body{{"model", question.model},
                             {"messages", std::move(messages)},
                             {"stream", true},
                             {"stream_options", {{"include_usage", true}}}};
    if (question.max_tokens) body.emplace("max_tokens", *question.max_tokens);
    if (question.temperature) body.emplace("temperature", *question.temperature);
    return reflect::to_text(body);
}

/// The answer as far as it has come, and what stopped it.
class AnswerReader {
  public:
    explicit AnswerReader(ChatListener listener) : listener_(std::move(listener)) {}

    /// False when nothing more is wanted: an error, or the end.
    bool feed(std::string_view bytes) {
        const auto events = parser_.feed(bytes);
        if (!events) return fail_with("an event of the stream is too large");
        for (const auto& event : *events) {
            if (!take(event.data)) return false;
        }
        return true;
    }

    bool fail_with(std::string message) {
        error_ = CliError{ExitCode::remote_failed, std::move(message), "run it again", "STREAM_CUT", {}};
        return false;
    }

    [[nodiscard]] Checked<ChatAnswer> finish() && {
        if (!error_ && !is_whole_) fail_with("the answer was cut off before its end");
        if (error_) return std::unexpected(std::move(*error_));
        return std::move(answer_);
    }

  private:
    bool take(std::string_view data) {
        if (data == "[DONE]") {
            is_whole_ = true;
            return false;
        }
        const auto chunk = reflect::from_json_text<ChunkSeen>(data);
        if (!chunk) return fail_with("the stream is not what rbees understands: " + reflect::describe(chunk.error()));
        if (chunk->error) {
            error_ = refusal_in_stream(data);
            return false;
        }
        if (chunk->id) answer_.id = *chunk->id;
        if (chunk->model) answer_.model = *chunk->model;
        if (chunk->usage) answer_.usage = chunk->usage;
        for (const auto& choice : chunk->choices.value_or(std::vector<ChoiceSeen>{})) {
            take(choice);
        }
        return true;
    }

    void take(const ChoiceSeen& choice) {
        if (choice.finish_reason) answer_.finish_reason = *choice.finish_reason;
        if (!choice.delta) return;
        if (choice.delta->reasoning_content) listener_.on_thought(*choice.delta->reasoning_content);
        if (!choice.delta->content) return;
        answer_.text += *choice.delta->content;
        listener_.on_text(*choice.delta->content);
    }

    ChatListener listener_;
    net::SseParser parser_;
    ChatAnswer answer_;
    std::optional<CliError> error_;
    bool is_whole_ = false;
};

/// The rest of an answer that is an error.
net::Task<std::string> read_rest(net::ClientStream* stream) {
    std::string body;
    while (body.size() < error_body_max) {
        const auto piece = co_await stream->read();
        if (!piece || piece->empty()) break;
        body += *piece;
    }
    co_return body;
}

/// Shared by the question and by the look at the loading beside it.
struct PendingQuestion {
    net::Client* client = nullptr;
    std::string url;
    ChatListener listener;
    bool is_answered = false;
};

net::Task<Checked<ChatAnswer>> receive(std::shared_ptr<PendingQuestion> pending, net::ClientRequest request) {
    auto stream = co_await pending->client->open(std::move(request));
    pending->is_answered = true;
    if (!stream) co_return std::unexpected(unreachable(stream.error(), pending->url));
    if ((*stream)->status() >= 400) {
        net::Response response{.status = (*stream)->status(), .headers = (*stream)->headers(), .body = {}};
        response.body = co_await read_rest(stream->get());
        co_return std::unexpected(refusal(response));
    }
    AnswerReader reader(pending->listener);
    while (true) {
        const auto piece = co_await (*stream)->read();
        if (!piece) reader.fail_with("the answer was cut off: " + piece.error().detail);
        if (!piece || piece->empty() || !reader.feed(*piece)) break;
    }
    co_return std::move(reader).finish();
}

/// Tells of the loading until the answer begins. A look that fails is left out: the question itself will say what is
/// wrong.
net::Task<void> watch_loading(std::shared_ptr<PendingQuestion> pending, net::ClientRequest look, std::string model) {
    while (true) {
        const bool passed = co_await net::wait_for(loading_interval);
        if (!passed || pending->is_answered) co_return;
        const auto response = co_await pending->client->send(look);
        if (pending->is_answered) co_return;
        if (!response || response->status != 200) continue;
        const auto workers = reflect::from_json_text<std::vector<contracts::WorkerView>>(response->body);
        for (const auto& worker : workers.value_or(std::vector<contracts::WorkerView>{})) {
            const bool is_loading = worker.state == contracts::WorkerState::starting && worker.model.str() == model;
            if (is_loading) pending->listener.on_loading(worker.load_progress);
        }
    }
}

}  // namespace

Checked<ChatAnswer> ask(Api& api, const Question& question, const ChatListener& listener) {
    const auto pending = std::make_shared<PendingQuestion>(&api.client(), api.address().url, listener);
    auto request = api.request("POST", "/v1/chat/completions", body_of(question));
    request.headers.set("Accept", "text/event-stream, application/json");
    request.timeouts.head = first_byte_time;
    request.timeouts.body = first_byte_time;
    api.loop().start(watch_loading(pending, api.request("GET", "/v2/workers"), question.model));
    auto answer = api.loop().run(receive(pending, std::move(request)));
    if (!answer) return std::unexpected(answer.error());
    return std::move(*answer);
}

}  // namespace rbees::ctl
