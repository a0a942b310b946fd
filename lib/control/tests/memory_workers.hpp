#pragma once
/// @file
/// Workers in memory that keep executions as real ones do.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "event_of.hpp"
#include "rbees/control/worker_port.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "rbees/reflect/write.hpp"
#include "virtual_world.hpp"

namespace rbees::control {

/// They keep executions in the worker's book. Token n of an answer is "n ": so it shows what was lost or repeated.
class MemoryWorkers : public WorkerPort {
  public:
    explicit MemoryWorkers(VirtualWorld& world) : world_(&world) {}

    /// They outlive the control that called them.
    void move_to(VirtualWorld& world) { world_ = &world; }

    void execute(WorkerAddress worker, contracts::Execute order, WorkerReply reply) override {
        orders.push_back(order);
        world_->post([this, worker, order, reply = std::move(reply)] {
            if (const auto away = fault_at(worker)) return reply(std::unexpected(*away));
            if (speechless.contains(worker.url)) return reply(std::unexpected(refused(WorkerFault::unreachable, "no")));
            if (refusal) return reply(std::unexpected(*refusal));
            const pool::ExecutionKey key{order.job_id, order.attempt};
            const auto begun = book_at(worker.url).begin(key, world_->now());
            if (!begun) return reply(std::unexpected(refused(WorkerFault::not_now, "fenced")));
            if (begun->is_new) begin(machines_.at(worker.url), key, order);
            reply({});
        });
    }
    std::unique_ptr<Attachment> attach(WorkerAddress worker, AttemptKey key, std::optional<std::uint64_t> after,
                                       OnEvent on_event) override {
        auto reader = std::make_shared<Reader>();
        reader->url = worker.url;
        reader->key = {key.job, key.attempt};
        reader->next = after ? *after + 1 : 0;
        reader->on_event = std::move(on_event);
        readers_.push_back(reader);
        return std::make_unique<Held>(*this, reader);
    }
    void acknowledge(WorkerAddress worker, AttemptKey key, contracts::Acknowledge what, AckReply reply) override {
        world_->post([this, worker, key, what, reply = std::move(reply)] {
            if (const auto away = fault_at(worker)) return reply(std::unexpected(*away));
            auto& book = book_at(worker.url);
            const pool::ExecutionKey pair{key.job, key.attempt};
            if (!book.acknowledge(pair, what.through, world_->now())) {
                return reply(std::unexpected(refused(WorkerFault::unknown, "no such execution")));
            }
            if (what.done.value_or(false)) book.release(pair);
            reply(book.limits().lease);
        });
    }
    void ask_after(WorkerAddress worker, WorkerReply reply) override {
        world_->post([this, worker, reply = std::move(reply)] {
            if (const auto away = fault_at(worker)) return reply(std::unexpected(*away));
            reply({});
        });
    }
    void cancel(WorkerAddress worker, AttemptKey key) override {
        cancelled.insert(key);
        machines_[worker.url].book.release({key.job, key.attempt});
    }

    /// Every generation makes so many tokens more, or comes to its end.
    void generate(std::uint64_t tokens) {
        for (auto& [url, machine] : machines_) {
            if (dead.contains(url)) continue;
            for (auto& [key, generation] : machine.running) {
                advance(machine, key, generation, tokens);
            }
        }
        serve();
    }

    /// What is read is there now.
    void serve() {
        for (const auto& reader : std::exchange(readers_, {})) {
            if (reader->is_detached) continue;
            readers_.push_back(reader);
            if (reader->wants) serve(*reader);
        }
    }

    void die(const std::string& url) {
        dead.insert(url);
        machines_.erase(url);
        serve();
    }
    std::set<std::string> dead;        ///< nobody listens there
    std::set<std::string> silent;      ///< no answer comes from there
    std::set<std::string> speechless;  ///< likewise to orders; all else is answered
    std::optional<WorkerRefusal> refusal;
    std::vector<contracts::Execute> orders;
    std::set<AttemptKey> cancelled;
    int started = 0;
    std::uint64_t length = 10;  ///< tokens of each answer
    pool::ExecutionLimits limits;
    bool is_continuable = true;
    std::optional<contracts::ExecutionError> error;  ///< instead of the end
  private:
    struct Generation {
        std::uint64_t made = 0;
        bool has_ended = false;
    };
    struct Machine {
        explicit Machine(const pool::ExecutionLimits& limits = {}) : book(limits) {}
        pool::ExecutionBook book;
        std::map<pool::ExecutionKey, Generation> running;
    };
    struct Reader {
        std::string url;
        pool::ExecutionKey key;
        std::uint64_t next = 0;
        OnEvent on_event;
        bool wants = false;
        bool has_start = false;
        bool is_detached = false;
    };
    class Held : public Attachment {
      public:
        Held(MemoryWorkers& workers, std::shared_ptr<Reader> reader) : workers_(workers), reader_(std::move(reader)) {}
        ~Held() override { reader_->is_detached = true; }
        void read() override {
            reader_->wants = true;
            workers_.world_->post([&workers = workers_] { workers.serve(); });
        }

      private:
        MemoryWorkers& workers_;
        std::shared_ptr<Reader> reader_;
    };
    /// That of the worker there, which may have begun just now. Leases that nobody renewed have ended.
    pool::ExecutionBook& book_at(const std::string& url) {
        auto& book = machines_.try_emplace(url, limits).first->second.book;
        static_cast<void>(book.expire(world_->now()));
        return book;
    }
    static WorkerRefusal refused(WorkerFault fault, std::string why) {
        return {fault, {contracts::ErrorCode::WORKER_UNAVAILABLE, std::move(why), true}};
    }
    [[nodiscard]] std::optional<WorkerRefusal> fault_at(const WorkerAddress& worker) const {
        if (dead.contains(worker.url)) return refused(WorkerFault::gone, "nobody is there");
        if (silent.contains(worker.url)) return refused(WorkerFault::unreachable, "no answer");
        return std::nullopt;
    }
    void begin(Machine& machine, const pool::ExecutionKey& key, const contracts::Execute& order) {
        ++started;
        auto& generation = machine.running[key];
        generation.made = order.from ? order.from->generated_ids.size() : 0;
        contracts::ExecutionStart start{
            .prompt_ids = {1, 2, 3}, .seed = 7, .model_hash = "hash", .sampling = {}, .continuable = is_continuable};
        static_cast<void>(machine.book.push(key, {"start", reflect::to_json_text(start), 0, 0}));
    }
    void advance(Machine& machine, const pool::ExecutionKey& key, Generation& generation, std::uint64_t tokens) const {
        for (; tokens != 0 && !generation.has_ended; --tokens) {
            if (generation.made == length) {
                generation.has_ended = true;
                const contracts::ExecutionEnd end{"stop", {Tokens(3), Tokens(length), Tokens(length + 3)}, {}};
                const auto text = error ? reflect::to_json_text(*error) : reflect::to_json_text(end);
                return static_cast<void>(machine.book.push(key, {error ? "error" : "end", text, 0, 0}));
            }
            const auto i = generation.made++;
            contracts::ExecutionToken token{
                .i = i, .ids = {static_cast<std::int32_t>(i)}, .t = std::to_string(i) + " ", .delta = {}};
            static_cast<void>(machine.book.push(key, {"token", reflect::to_json_text(token), i, 1}));
        }
    }
    void serve(Reader& reader) {
        if (silent.contains(reader.url)) return;
        reader.wants = false;
        if (dead.contains(reader.url)) return reader.on_event(StreamCut{refused(WorkerFault::gone, "it died")});
        auto& book = book_at(reader.url);
        const auto after = reader.next == 0 ? std::nullopt : std::optional(reader.next - 1);
        const auto events = book.attach(reader.key, after, world_->now());
        if (!events) return reader.on_event(StreamCut{refused(WorkerFault::unknown, "no such execution")});
        for (const auto& event : *events) {
            if (event.name == "start" && std::exchange(reader.has_start, true)) continue;
            if (event.name == "token") reader.next = event.first + event.count;
            return reader.on_event(event_of(event));
        }
        reader.wants = true;
    }

    VirtualWorld* world_;
    std::map<std::string, Machine> machines_;
    std::vector<std::shared_ptr<Reader>> readers_;
};

}  // namespace rbees::control
