#include "prepare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mtmd-helper.h>
#include <server-schema.h>

#include <algorithm>
#include <boost/json.hpp>
#include <random>
#include <utility>

#include "members.hpp"

namespace rbees::engine {
namespace {

constexpr int most_probabilities = 20;  ///< of each token; what OpenAI allows

std::uint32_t random_seed() {
    std::random_device device;
    return device() & 0x7fffffffU;  // all ones would mean "choose one"
}

/// The body in llama.cpp's own terms, with a rendered prompt for a chat.
std::expected<json, ApiError> parameters_of(const LlamaCore& core, Operation operation, boost::json::object body) {
    if (const auto admitted = admit_members(body); !admitted) return std::unexpected(admitted.error());
    auto parameters = json::parse(boost::json::serialize(body));
    if (operation != Operation::chat) return oaicompat_completion_params_parse(parameters);
    std::vector<raw_buffer> media;
    return oaicompat_chat_params_parse(parameters, *core.chat, media);
}

Tokens left_of(const LlamaCore& core, const Call& call, const server_task& task) {
    if (call.from) return call.from->left;
    if (task.params.n_predict >= 0) return Tokens(static_cast<std::uint64_t>(task.params.n_predict));
    return Tokens(core.capabilities.context.value - task.tokens.size());
}

Started started(const LlamaCore& core, const Call& call, const server_task& task, Continuable continuable) {
    const auto& sampling = task.params.sampling;
    const boost::json::object values{{"temperature", sampling.temp},
                                     {"top_k", sampling.top_k},
                                     {"top_p", sampling.top_p},
                                     {"min_p", sampling.min_p},
                                     {"repeat_penalty", sampling.penalty_repeat},
                                     {"repeat_last_n", sampling.penalty_last_n},
                                     {"frequency_penalty", sampling.penalty_freq},
                                     {"presence_penalty", sampling.penalty_present}};
    return {.prompt = task.tokens.get_text_tokens(),
            .seed = sampling.seed,
            .sampling = boost::json::serialize(values),
            .continuable = continuable,
            .left = left_of(core, call, task)};
}

void set_parameters(const LlamaCore& core, const Call& call, const json& data, server_task& task) {
    auto& params = task.params;
    params = server_schema::eval_llama_cmpl_schema(core.vocab, core.params, core.end_bias, data);
    const bool chat = call.operation == Operation::chat;
    params.res_type = chat ? TASK_RESPONSE_TYPE_OAI_CHAT : TASK_RESPONSE_TYPE_OAI_CMPL;
    params.oaicompat_model = core.capabilities.model;
    params.include_usage = false;  // written once for all choices, after the last one
    params.return_progress = false;
    params.timings_per_token = true;  // every result says how long the generation took so far
    params.sampling.n_probs = std::min(params.sampling.n_probs, most_probabilities);
}

void add_choices(TaskReader& reader, server_task& task) {
    for (int i = 1; i < task.params.n_cmpl; ++i)
        task.add_child(task.id, reader.new_id());
}

std::string answer_id(const Call& call) {
    auto id = call.task.empty() ? gen_chatcmplid() : "chatcmpl-" + call.task;
    if (call.operation != Operation::chat) id.erase(0, std::string_view("chat").size());
    return id;
}

std::vector<server_tokens> prompts_of(const LlamaCore& core, const Call& call, const json& data) {
    if (!call.from)
        return tokenize_input_prompts(core.vocab, nullptr, data.at("prompt"), true, true,
                                      mtmd_helper_init_opt_default());
    std::vector<server_tokens> prompts;
    prompts.emplace_back(call.from->prompt, false);
    return prompts;
}

/// All tasks of a request: one for each prompt, each with its further choices as children.
std::expected<std::vector<server_task>, ApiError> make_tasks(const LlamaCore& core, const Call& call, const json& data,
                                                             TaskReader& reader) {
    const auto* param = call.operation == Operation::chat ? "messages" : "prompt";
    auto prompts = prompts_of(core, call, data);
    if (prompts.size() > max_inputs) {
        return std::unexpected(invalid_param(param, fmt::format("'{}' takes {} texts at most.", param, max_inputs)));
    }
    const auto id = answer_id(call);
    std::vector<server_task> tasks;
    for (auto& prompt : prompts) {
        if (const auto fits = check_tokens(core, prompt.get_tokens(), param); !fits)
            return std::unexpected(fits.error());
        auto& task = tasks.emplace_back(SERVER_TASK_TYPE_COMPLETION);
        task.id = reader.new_id();
        task.tokens = std::move(prompt);
        set_parameters(core, call, data, task);
        task.params.oaicompat_cmpl_id = id;
        add_choices(reader, task);
    }
    return tasks;
}

/// Whether llama.cpp can read the grammar. It leaks when a request finds out that it cannot.
bool is_grammar(const LlamaCore& core, const std::string& grammar) {
    auto* sampler = llama_sampler_init_grammar(core.vocab, grammar.c_str(), "root");
    if (sampler == nullptr) return false;
    llama_sampler_free(sampler);
    return true;
}

/// The grammar that a user wrote, if there is one.
std::string own_grammar_of(const boost::json::object& body) {
    const auto* grammar = body.if_contains("grammar");
    return grammar != nullptr && grammar->is_string() ? std::string(grammar->get_string()) : std::string{};
}

/// llama.cpp's messages, where users can make nothing of them, in other words.
ApiError engine_error(std::string message) {
    constexpr std::string_view wrapped = "got exception: ";
    if (message.starts_with(wrapped)) message.erase(0, wrapped.size());
    if (message.starts_with("Unexpected empty grammar stack"))
        message = "The grammar allows nothing after what the model wrote.";
    return server_error(std::move(message));
}

std::expected<Prepared, ApiError> prepare(const LlamaCore& core, const Call& call, boost::json::object body,
                                          TaskReader& reader) {
    auto request = read_generation(call.operation, body, core.capabilities.slots);
    if (!request) return std::unexpected(request.error());
    const auto own_grammar = own_grammar_of(body);
    if (!own_grammar.empty() && !is_grammar(core, own_grammar)) {
        return std::unexpected(invalid_param("grammar", "'grammar' is no GBNF grammar with a rule 'root'."));
    }
    auto data = parameters_of(core, call.operation, std::move(body));
    if (!data) return std::unexpected(data.error());
    (*data)["seed"] = request->seed.value_or(random_seed());
    auto tasks = make_tasks(core, call, *data, reader);
    if (!tasks) return std::unexpected(tasks.error());
    Prepared prepared{.tasks = std::move(*tasks), .request = std::move(*request), .started = {}, .resumed = {}};
    if (json_value(*data, "timings_per_token", false)) prepared.timings = ChunkTimings::included;
    if (call.frames == Frames::tokens || (call.ids == TokenIds::included && prepared.request.stream)) {
        const bool single = prepared.tasks.size() == 1 && prepared.request.choices == 1;
        const bool can = single && own_grammar.empty();
        prepared.started = started(core, call, prepared.tasks.front(), can ? Continuable::yes : Continuable::no);
    }
    if (!call.from) return prepared;
    auto resumed = resume(core, *call.from, prepared.tasks.front());
    if (!resumed) return std::unexpected(std::move(resumed.error()));
    prepared.resumed = std::move(*resumed);
    return prepared;
}

}  // namespace

std::expected<Prepared, ApiError> prepare_generation(const LlamaCore& core, const Call& call, TaskReader& reader) {
    auto body = read_call(call, core.capabilities.model_hash);
    if (!body) return std::unexpected(body.error());
    try {
        return prepare(core, call, std::move(*body), reader);
    } catch (const std::exception& error) {
        return std::unexpected(bad_request(error));
    }
}

std::expected<std::string, ApiError> render_template(const LlamaCore& core, const std::string& body) {
    auto object = parse_body(body);
    if (!object) return std::unexpected(object.error());
    const auto request = read_generation(Operation::chat, *object, core.capabilities.slots);
    if (!request) return std::unexpected(request.error());
    try {
        const auto data = parameters_of(core, Operation::chat, std::move(*object));
        if (!data) return std::unexpected(data.error());
        return safe_json_to_str(json{{"prompt", data->at("prompt")}});
    } catch (const std::exception& error) {
        return std::unexpected(bad_request(error));
    }
}

std::expected<void, ApiError> check_vocabulary(const LlamaCore& core, const llama_tokens& tokens,
                                               std::string_view param) {
    const auto vocabulary = llama_vocab_n_tokens(core.vocab);
    for (const auto token : tokens) {
        if (token >= 0 && token < vocabulary) continue;
        return std::unexpected(invalid_param(
            std::string(param), fmt::format("Token id {} is not one of this model's {} tokens.", token, vocabulary)));
    }
    return {};
}

std::expected<void, ApiError> check_tokens(const LlamaCore& core, const llama_tokens& tokens, std::string_view param) {
    if (auto known = check_vocabulary(core, tokens, param); !known) return known;
    const auto context = core.capabilities.context;
    const bool leaves_room = core.capabilities.kind != Kind::chat || tokens.size() < context.value;
    if (tokens.size() <= context.value && leaves_room) return {};
    auto error = context_exceeded(Tokens(tokens.size()), context);
    error.param = std::string(param);
    return std::unexpected(std::move(error));
}

ApiError bad_request(const std::exception& error) {
    return invalid_param("", error.what());
}

ApiError error_of(server_task_result& result) {
    const auto* error = dynamic_cast<server_task_result_error*>(&result);
    if (error == nullptr) return server_error("The engine gave an answer of an unknown kind.");
    switch (error->err_type) {
        case ERROR_TYPE_INVALID_REQUEST:
            return invalid_param("", error->err_msg);
        case ERROR_TYPE_EXCEED_CONTEXT_SIZE:
            return context_exceeded(Tokens(static_cast<std::uint64_t>(error->n_prompt_tokens)),
                                    Tokens(static_cast<std::uint64_t>(error->n_ctx)));
        default:
            return engine_error(error->err_msg);
    }
}

}  // namespace rbees::engine
