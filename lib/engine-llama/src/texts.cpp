#include "texts.hpp"

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "prepare.hpp"
#include "rbees/engine/request.hpp"

namespace rbees::engine {
namespace {

class WorkAnswer final : public Answer {
  public:
    WorkAnswer(std::shared_ptr<LlamaCore> core, std::function<Body(LlamaCore&, TaskReader&)> work)
        : core_(std::move(core)), work_(std::move(work)), reader_(core_) {}

    Head head() override {
        if (head_) return *head_;
        auto body = run();
        if (reader_.cancelled()) body = std::unexpected(cancelled_error());
        head_ = Head{.status = body ? 200 : body.error().status};
        body_ = body ? std::move(*body) : to_body(body.error());
        return *head_;
    }

    std::optional<std::string> next() override {
        if (!head_) (void)head();
        if (reader_.cancelled()) return std::nullopt;
        return std::exchange(body_, std::nullopt);
    }

    void cancel() noexcept override { reader_.cancel(); }

  private:
    Body run() {
        if (reader_.cancelled()) return std::unexpected(cancelled_error());
        if (core_->open() >= core_->capabilities.slots + max_waiting) return std::unexpected(queue_full());
        try {
            return work_(*core_, reader_);
        } catch (const std::exception& error) {
            return std::unexpected(bad_request(error));
        }
    }

    std::shared_ptr<LlamaCore> core_;
    std::function<Body(LlamaCore&, TaskReader&)> work_;
    TaskReader reader_;
    std::optional<Head> head_;
    std::optional<std::string> body_;
};

bool flag(const boost::json::object& body, std::string_view name, bool otherwise) {
    const auto* value = body.if_contains(name);
    return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

/// A token with its text; bytes that are no text as a list of numbers, as llama.cpp does it.
boost::json::value with_piece(const LlamaCore& core, llama_token id) {
    const auto piece = common_token_to_piece(core.vocab, id);
    boost::json::object token{{"id", id}};
    if (is_valid_utf8(piece)) {
        token["piece"] = piece;
    } else {
        boost::json::array bytes;
        for (const unsigned char byte : piece)
            bytes.push_back(static_cast<int>(byte));
        token["piece"] = std::move(bytes);
    }
    return token;
}

}  // namespace

Body tokenize(const LlamaCore& core, const std::string& body) {
    const auto object = parse_body(body);
    if (!object) return std::unexpected(object.error());
    const auto content = read_tokenize(*object);
    if (!content) return std::unexpected(content.error());
    const auto ids = common_tokenize(core.vocab, *content, flag(*object, "add_special", false),
                                     flag(*object, "parse_special", true));
    boost::json::array tokens;
    const bool pieces = flag(*object, "with_pieces", false);
    for (const auto id : ids)
        tokens.push_back(pieces ? with_piece(core, id) : boost::json::value(id));
    return boost::json::serialize(boost::json::object{{"tokens", std::move(tokens)}});
}

Body detokenize(const LlamaCore& core, const std::string& body) {
    const auto object = parse_body(body);
    if (!object) return std::unexpected(object.error());
    const auto ids = read_detokenize(*object);
    if (!ids) return std::unexpected(ids.error());
    const auto vocabulary = llama_vocab_n_tokens(core.vocab);
    for (const auto id : *ids) {
        if (id >= vocabulary)
            return std::unexpected(invalid_param("tokens", "'tokens' holds ids that the model lacks."));
    }
    return safe_json_to_str(json{{"content", tokens_to_str(core.vocab, *ids)}});
}

std::unique_ptr<Answer> work_answer(std::shared_ptr<LlamaCore> core,
                                    std::function<Body(LlamaCore&, TaskReader&)> work) {
    return std::make_unique<WorkAnswer>(std::move(core), std::move(work));
}

}  // namespace rbees::engine
