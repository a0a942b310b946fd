#include <fmt/format.h>
#include <mtmd-helper.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "prepare.hpp"
#include "rbees/engine/embedding_body.hpp"
#include "rbees/engine/request.hpp"
#include "texts.hpp"

namespace rbees::engine {
namespace {

/// Posts the tasks and hands each result to `take`, with its place among them. Gives the error that ended it, if any.
template <class Result, class Take>
std::expected<void, ApiError> run_all(LlamaCore& core, TaskReader& reader, std::vector<server_task>&& tasks,
                                      Take take) {
    const auto count = tasks.size();
    if (!reader.post(std::move(tasks))) return std::unexpected(cancelled_error());
    core.meter.count_request();
    for (std::size_t done = 0; done < count; ++done) {
        const auto result = reader.next();
        if (!result) return std::unexpected(server_error("The engine was stopped."));
        if (result->is_error()) return std::unexpected(error_of(*result));
        auto* typed = dynamic_cast<Result*>(result.get());
        if (typed == nullptr) return std::unexpected(server_error("The engine gave an answer of an unknown kind."));
        const Tokens used(static_cast<std::uint64_t>(std::max(0, typed->n_tokens)));
        take(result->index, *typed, used);
    }
    return {};
}

struct RerankRequest {
    std::string query;
    std::vector<std::string> documents;
    std::size_t top = 0;
};

std::expected<RerankRequest, ApiError> read_rerank(const boost::json::object& body) {
    const auto* query = body.if_contains("query");
    if (query == nullptr || !query->is_string())
        return std::unexpected(invalid_param("query", "'query' must be a text."));
    const auto* documents = body.if_contains("documents");
    const auto wrong =
        invalid_param("documents", fmt::format("'documents' must be a list of 1 to {} texts.", max_inputs));
    if (documents == nullptr || !documents->is_array()) return std::unexpected(wrong);
    RerankRequest request{.query = std::string(query->get_string()), .documents = {}};
    for (const auto& document : documents->get_array()) {
        if (!document.is_string()) return std::unexpected(wrong);
        request.documents.emplace_back(document.get_string());
    }
    if (request.documents.empty() || request.documents.size() > max_inputs) return std::unexpected(wrong);
    request.top = request.documents.size();
    if (const auto* top = body.if_contains("top_n"); top != nullptr && !top->is_null()) {
        if (!top->is_int64() || top->get_int64() < 1) {
            return std::unexpected(invalid_param("top_n", "'top_n' must be an integer of 1 or more."));
        }
        request.top = std::min(request.top, static_cast<std::size_t>(top->get_int64()));
    }
    return request;
}

}  // namespace

Body embed(LlamaCore& core, const std::string& body, TaskReader& reader) {
    const auto object = parse_body(body);
    if (!object) return std::unexpected(object.error());
    const auto request = read_embedding(*object);
    if (!request) return std::unexpected(request.error());
    auto texts = tokenize_input_prompts(core.vocab, nullptr, json::parse(body).at("input"), true, true,
                                        mtmd_helper_init_opt_default());
    std::vector<server_task> tasks;
    for (auto& text : texts) {
        if (text.empty()) return std::unexpected(invalid_param("input", "'input' holds a text without tokens."));
        if (const auto fits = check_tokens(core, text.get_tokens(), "input"); !fits)
            return std::unexpected(fits.error());
        auto& task = tasks.emplace_back(SERVER_TASK_TYPE_EMBEDDING);
        task.id = reader.new_id();
        task.tokens = std::move(text);
        task.params.res_type = TASK_RESPONSE_TYPE_OAI_EMBD;
        task.params.embd_normalize = core.params.embd_normalize;
    }
    std::vector<std::vector<float>> vectors(tasks.size());
    Tokens total;
    const auto done = run_all<server_task_result_embd>(
        core, reader, std::move(tasks), [&](std::size_t index, server_task_result_embd& result, Tokens used) {
            vectors.at(index) = std::move(result.embedding.at(0));
            total += used;
        });
    if (!done) return std::unexpected(done.error());
    return embedding_body(vectors, request->encoding, core.capabilities.model, total);
}

Body rerank(LlamaCore& core, const std::string& body, TaskReader& reader) {
    const auto object = parse_body(body);
    if (!object) return std::unexpected(object.error());
    const auto request = read_rerank(*object);
    if (!request) return std::unexpected(request.error());
    std::vector<server_task> tasks;
    for (const auto& document : request->documents) {
        auto tokens = format_prompt_rerank(core.model, core.vocab, nullptr, request->query, document,
                                           mtmd_helper_init_opt_default());
        if (const auto fits = check_tokens(core, tokens.get_tokens(), "documents"); !fits) {
            return std::unexpected(fits.error());
        }
        auto& task = tasks.emplace_back(SERVER_TASK_TYPE_RERANK);
        task.id = reader.new_id();
        task.tokens = std::move(tokens);
    }
    std::vector<std::pair<float, std::size_t>> ranking;
    Tokens total;
    const auto done = run_all<server_task_result_rerank>(
        core, reader, std::move(tasks), [&](std::size_t index, server_task_result_rerank& result, Tokens used) {
            ranking.emplace_back(result.score, index);
            total += used;
        });
    if (!done) return std::unexpected(done.error());
    std::ranges::sort(ranking, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    ranking.resize(request->top);
    boost::json::array results;
    for (const auto& [score, index] : ranking) {
        results.push_back(boost::json::object{{"index", index}, {"relevance_score", score}});
    }
    const boost::json::object usage{{"prompt_tokens", total.value}, {"total_tokens", total.value}};
    return boost::json::serialize(boost::json::object{
        {"model", core.capabilities.model}, {"object", "list"}, {"usage", usage}, {"results", std::move(results)}});
}

}  // namespace rbees::engine
