#pragma once
/// @file
/// The Engine port: one model, loaded once, that answers OpenAI-shaped requests.
///
/// The port speaks in HTTP bodies, not in tensors, because that is what every engine of the field offers and what the
/// worker passes on unread. Two engines implement it: llama.cpp (`engine-llama`) and a simulated one (`simulated.hpp`);
/// one conformance test runs against both.
///
/// An engine never sees bytes that nobody checked: the worker refuses invalid UTF-8, broken JSON and nesting over 64
/// first.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/engine/events.hpp"

namespace rbees::engine {

/// What a model is for; decides which operations it has.
enum class Kind : std::uint8_t { chat, embedding, rerank };

enum class Operation : std::uint8_t {
    chat,            ///< POST /v1/chat/completions
    completion,      ///< POST /v1/completions
    embedding,       ///< POST /v1/embeddings
    rerank,          ///< POST /v1/rerank
    tokenize,        ///< POST /tokenize
    detokenize,      ///< POST /detokenize
    apply_template,  ///< POST /apply-template
};

/// Whether a stream carries token ids for continuation (surfaces: `X-Rbees-Ids: 1`): an SSE event `rbees.start
/// {prompt_ids, seed, model_hash, sampling, continuable}` first, and before each data frame `rbees.ids {i, ids}`.
enum class TokenIds : bool { left_out, included };

/// In which shape a chat or a completion is answered.
enum class Frames : std::uint8_t {
    openai,  ///< as the body asks: one JSON object, or a stream of chunks
    tokens,  ///< by `Answer::next_event`, one choice of one prompt; the body's `stream` has no say
};

/// Where an answer broke off, for another worker to go on with it. `Call::body` is still the whole request.
struct Continuation {
    TokenIdList prompt = {};      ///< of `rbees.start`; never rendered again, because templates print dates
    TokenIdList generated = {};   ///< of `rbees.ids`: the tokens whose text the client has
    std::uint32_t seed = 0;       ///< of `rbees.start`
    Tokens left = {};             ///< most tokens that may still come
    std::string sampling = {};    ///< of `rbees.start`, a JSON object; its numbers replace the request's. Empty = none
    std::string model_hash = {};  ///< of `rbees.start`; any other model refuses
};

struct Call {
    Operation operation = Operation::chat;
    std::string body;  ///< JSON, checked
    TokenIds ids = TokenIds::left_out;
    std::string task = {};  ///< letters, digits and ._:-; the answer's id is "chatcmpl-" or "cmpl-" and this, made up
                            ///< where it is empty. Whoever goes on with an answer elsewhere gives the same one.
    std::optional<Continuation> from = {};  ///< then the answer is the stream of what is missing
    Frames frames = Frames::openai;
};

/// The first thing known about an answer.
struct Head {
    int status = 200;  ///< HTTP status
    std::string content_type = "application/json";

    bool operator==(const Head&) const = default;
};

/// An answer under way. One thread reads it (`head`, then `next` or `next_event` until nothing comes); any thread may
/// cancel it. Destruction cancels and frees the slot.
class Answer {
  public:
    Answer() = default;
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    virtual ~Answer() = default;

    /// Blocks until the status is known: for a stream that is when the first token is, so that an error is never a 200.
    /// With `Frames::tokens` it is known as soon as the request is checked. After `cancel` it returns 499 at once.
    [[nodiscard]] virtual Head head() = 0;

    /// Blocks for the next piece of the body; nothing means the end. A stream that was cancelled or failed ends
    /// without `data: [DONE]`; a failure puts an SSE `data: {"error": ...}` frame first.
    [[nodiscard]] virtual std::optional<std::string> next() = 0;

    /// The same for a call with `Frames::tokens`: blocks for the next event. An error, whenever it comes, is the last
    /// one.
    [[nodiscard]] virtual std::optional<Event> next_event() { return std::nullopt; }

    /// Stops the work at once: `head` or `next` return, and the slot is free within one decode step. Thread-safe,
    /// idempotent, never blocks.
    virtual void cancel() noexcept = 0;
};

/// What the engine can do, settled at load.
struct Capabilities {
    std::string model;       ///< the name that answers carry
    std::string model_hash;  ///< SHA-256 of the file's bytes, or "sim:..." of a simulated one. With another chat
                             ///< template than the file's: of that hash, a line feed and the template
    Kind kind = Kind::chat;
    Tokens context;  ///< per request
    std::uint32_t slots = 1;
    std::uint32_t batch = 0;          ///< tokens a step: prompts, and one for each request that generates
    std::optional<Duration> step;     ///< of a full batch, as measured at load; nothing where the batch was given
    std::uint32_t threads = 0;        ///< decode threads chosen at load
    bool tools = false;               ///< the chat template knows tools
    bool grammar = false;             ///< JSON schema and grammar constrain the output
    std::string device = "cpu";       ///< that computes: "cpu" or "cuda"
    std::optional<Bytes> gpu_memory;  ///< that it takes of GPUs, if it runs on one
};

/// Counters since load; monotonic. Work for requests that were cancelled counts as far as it is known.
struct Counters {
    std::uint64_t requests = 0;
    Tokens tokens_in;  ///< of prompts, cached ones included
    Tokens tokens_cached;
    Tokens tokens_out;
    double prefill_seconds = 0;  ///< spent on `tokens_in` less `tokens_cached`: their quotient is the prompt rate
    double decode_seconds = 0;   ///< of all requests together: `tokens_out` by this is the rate that each one gets
    std::uint32_t slots_busy = 0;
    std::uint32_t queued = 0;
};

/// What the engine is busy with.
struct Load {
    std::uint32_t slots_busy = 0;
    std::uint32_t queued = 0;
};

class Engine {
  public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;

    [[nodiscard]] virtual const Capabilities& capabilities() const = 0;

    /// May wait for a step of the engine, a second and more. Thread-safe.
    [[nodiscard]] virtual Counters counters() const = 0;

    /// As far as it is known without asking: never waits. Thread-safe.
    [[nodiscard]] virtual Load load() const = 0;

    /// Starts a request. Returns at once; with no slot free the answer's `head` waits. Never fails: an error is an
    /// answer. Errors have the OpenAI shape `{"error": {message, type, param, code}}` with the status that fits: 400
    /// for bad parameters, 400 with code `context_length_exceeded` and the numbers for a prompt that is too long, 501
    /// for an operation that the model's kind does not have, 409 `not_continuable` for an answer that it cannot go on
    /// with. Thread-safe.
    [[nodiscard]] virtual std::unique_ptr<Answer> start(Call call) = 0;
};

/// How a model is to be loaded.
struct LoadPlan {
    std::string model_path;                 ///< a GGUF file, or `sim:NAME?slots=&prefill=&decode=&seed=`
    std::string model_name;                 ///< the public id
    std::optional<Kind> kind;               ///< else found in the file
    std::uint32_t slots = 4;                ///< parallel requests
    std::optional<Tokens> context;          ///< per request; else the model's own up to 8192, less if memory is short
    std::optional<std::uint32_t> threads;   ///< else measured at load
    std::optional<std::uint32_t> batch;     ///< else measured so that a step stays under 250 ms, 32 at least
    int gpu_layers = -1;                    ///< -1 = as many as fit; -2 = all, or the load fails; 0 = none
    std::optional<std::string> model_hash;  ///< SHA-256 that the caller knows already; else the file is read for it
    std::string chat_template;              ///< a file with a Jinja template instead of the model's own; empty = that
};

/// Why a load failed, as a kind that the pool manager reacts to.
enum class LoadErrorKind : std::uint8_t {
    file_missing,
    file_corrupt,           ///< not a GGUF file, truncated, or tensors that do not fit the header
    not_supported,          ///< an architecture or quantisation that the engine does not know
    not_enough_memory,      ///< `message` says how much is needed and how much is free
    not_enough_gpu_memory,  ///< likewise
    no_gpu,                 ///< layers are wanted on one
    failed,                 ///< anything else the engine reports
};

struct LoadError {
    LoadErrorKind kind = LoadErrorKind::failed;
    Failure failure;
};

}  // namespace rbees::engine
