#pragma once
/// @file
/// Durable jobs in virtual time: a store of memory that outlives the control, and workers that keep executions.

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control_house.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::control {

/// What is on disk. A batch counts when it is committed, at once or when the test says so.
class MemoryStore : public kernel::JournalPort, public Archive {
  public:
    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency urgency) const override {
        if (full_for && urgency <= *full_for) return std::unexpected(kernel::JournalRefusal::full);
        return {};
    }
    void append(kernel::JournalBatch batch, std::function<void()> durable) override {
        waiting_.emplace_back(std::move(batch), std::move(durable));
        if (!is_slow) commit();
    }

    /// Everything that was written so far is on disk.
    void commit() {
        while (!waiting_.empty()) {
            auto [batch, durable] = std::move(waiting_.front());
            waiting_.pop_front();
            write(batch);
            durable();
        }
    }

    /// The process died: what was not committed never was.
    void crash() { waiting_.clear(); }

    /// As recovery finds it.
    [[nodiscard]] kernel::State recovered() const {
        kernel::State state;
        for (const auto& [key, row] : rows) {
            if (row.phase == kernel::RowPhase::live) EXPECT_TRUE(restore_row(state, row.kind, row.json));
        }
        return state;
    }

    Result<std::optional<orchestrator::Job>> job(const JobId& id) override {
        const auto found = rows.find({"job", id.str()});
        if (found == rows.end()) return std::nullopt;
        return reflect::from_json_text<orchestrator::Job>(found->second.json).value();
    }
    Result<std::optional<JobId>> submitted(const std::string& submission) override {
        for (const auto& [key, row] : rows) {
            if (key.first != "job") continue;
            const auto job = reflect::from_json_text<orchestrator::Job>(row.json).value();
            if (job.idempotency && orchestrator::submission_id(job.owner, job.idempotency->key) == submission) {
                return job.id;
            }
        }
        return std::nullopt;
    }
    Result<std::optional<std::string>> request(const JobId& id) override {
        return text(orchestrator::request_payload(id));
    }
    Result<std::optional<contracts::ExecutionStart>> start(const JobId& id) override {
        const auto found = text(orchestrator::start_payload(id));
        if (!found) return std::nullopt;
        return reflect::from_json_text<contracts::ExecutionStart>(*found).value();
    }
    Result<std::vector<orchestrator::StoredFrames>> frames(const JobId& id, std::uint64_t from) override {
        std::vector<orchestrator::StoredFrames> pieces;
        for (const auto& [name, bytes] : texts) {
            if (!name.starts_with(orchestrator::frames_prefix(id))) continue;
            auto piece = reflect::from_json_text<orchestrator::StoredFrames>(bytes).value();
            if (piece.first + piece.frames.size() > from) pieces.push_back(std::move(piece));
        }
        return pieces;
    }
    Result<std::vector<orchestrator::Job>> ended_before(WallTime time, std::size_t limit) override {
        std::vector<orchestrator::Job> jobs;
        for (const auto& [key, row] : rows) {
            if (key.first != "job" || jobs.size() == limit) continue;
            auto one = reflect::from_json_text<orchestrator::Job>(row.json).value();
            if (one.ended_at && !one.erased && *one.ended_at <= time) jobs.push_back(std::move(one));
        }
        return jobs;
    }

    bool is_slow = false;
    std::optional<kernel::Urgency> full_for;  ///< batches up to this urgency are refused
    std::map<std::pair<std::string, std::string>, kernel::EntityRow> rows;
    std::map<std::string, std::string> texts;

  private:
    void write(kernel::JournalBatch& batch) {
        for (auto& row : batch.entities) {
            rows.insert_or_assign({row.kind, row.id}, row);
        }
        for (auto& payload : batch.payloads) {
            texts.insert_or_assign(payload.id, std::move(payload.bytes));
        }
        for (const auto& prefix : batch.erased) {
            std::erase_if(texts, [&](const auto& entry) { return entry.first.starts_with(prefix); });
        }
    }
    [[nodiscard]] std::optional<std::string> text(const std::string& id) const {
        const auto found = texts.find(id);
        return found == texts.end() ? std::nullopt : std::optional(found->second);
    }

    std::deque<std::pair<kernel::JournalBatch, std::function<void()>>> waiting_;
};

/// Workers as the worker's book has them. Token n of every answer is "n ", so an answer shows what was lost or
/// repeated.
class MemoryWorkers : public WorkerPort {
  public:
    explicit MemoryWorkers(VirtualWorld& world) : world_(&world) {}

    /// They outlive the control that called them.
    void move_to(VirtualWorld& world) { world_ = &world; }

    void execute(WorkerAddress worker, contracts::Execute order, WorkerReply reply) override {
        orders.push_back(order);
        world_->post([this, worker, order, reply = std::move(reply)] {
            if (const auto away = fault_at(worker)) return reply(std::unexpected(*away));
            if (refusal) return reply(std::unexpected(*refusal));
            auto& machine = machines_[worker.url];
            const pool::ExecutionKey key{order.job_id, order.attempt};
            const auto begun = machine.book.begin(key, world_->now());
            if (!begun) return reply(std::unexpected(refused(WorkerFault::not_now, "fenced")));
            if (begun->is_new) ++started;
            if (begun->is_new) begin(machine, key, order);
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
            auto& book = machines_[worker.url].book;
            const pool::ExecutionKey pair{key.job, key.attempt};
            if (!book.acknowledge(pair, what.through, world_->now())) {
                return reply(std::unexpected(refused(WorkerFault::unknown, "no such execution")));
            }
            if (what.through) acknowledged[key.job] = *what.through;
            if (what.done.value_or(false)) book.release(pair);
            reply(book.limits().lease);
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

    std::set<std::string> dead;    ///< nobody listens there
    std::set<std::string> silent;  ///< no answer comes from there
    std::optional<WorkerRefusal> refusal;
    std::vector<contracts::Execute> orders;
    std::map<JobId, std::uint64_t> acknowledged;
    std::set<AttemptKey> cancelled;
    int started = 0;
    std::uint64_t length = 10;  ///< tokens of each answer
    bool is_continuable = true;
    std::optional<contracts::ExecutionError> error;  ///< instead of the end

  private:
    struct Generation {
        std::uint64_t made = 0;
        bool has_ended = false;
    };
    struct Machine {
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
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        void read() override {
            reader_->wants = true;
            workers_.world_->post([&workers = workers_] { workers.serve(); });
        }

      private:
        MemoryWorkers& workers_;
        std::shared_ptr<Reader> reader_;
    };

    static WorkerRefusal refused(WorkerFault fault, std::string why) {
        return {fault, {contracts::ErrorCode::WORKER_UNAVAILABLE, std::move(why), true}};
    }
    [[nodiscard]] std::optional<WorkerRefusal> fault_at(const WorkerAddress& worker) const {
        if (dead.contains(worker.url)) return refused(WorkerFault::gone, "nobody is there");
        if (silent.contains(worker.url)) return refused(WorkerFault::unreachable, "no answer");
        return std::nullopt;
    }

    void begin(Machine& machine, const pool::ExecutionKey& key, const contracts::Execute& order) {
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
                const contracts::ExecutionEnd end{
                    .stop_reason = "stop", .usage = {Tokens(3), Tokens(length), Tokens(length + 3)}, .message = {}};
                pool::ExecutionEvent event{"end", reflect::to_json_text(end), 0, 0};
                if (error) event = {"error", reflect::to_json_text(*error), 0, 0};
                static_cast<void>(machine.book.push(key, std::move(event)));
                return;
            }
            const auto i = generation.made++;
            contracts::ExecutionToken token{
                .i = i, .ids = {static_cast<std::int32_t>(i)}, .t = std::to_string(i) + " ", .delta = {}};
            static_cast<void>(machine.book.push(key, {"token", reflect::to_json_text(token), i, 1}));
        }
    }
    void serve(Reader& reader) {
        if (silent.contains(reader.url)) return;
        const auto give = [&](AttemptEvent event) {
            reader.wants = false;
            reader.on_event(std::move(event));
        };
        if (dead.contains(reader.url)) return give(StreamCut{refused(WorkerFault::gone, "it died")});
        auto& book = machines_[reader.url].book;
        const auto after = reader.next == 0 ? std::nullopt : std::optional(reader.next - 1);
        const auto events = book.attach(reader.key, after, world_->now());
        if (!events) return give(StreamCut{refused(WorkerFault::unknown, "no such execution")});
        for (const auto& event : *events) {
            if (event.name == "start" && std::exchange(reader.has_start, true)) continue;
            if (event.name == "token") reader.next = event.first + event.count;
            return give(read(event));
        }
    }
    static AttemptEvent read(const pool::ExecutionEvent& event) {
        if (event.name == "start") return reflect::from_json_text<contracts::ExecutionStart>(event.data).value();
        if (event.name == "token") return reflect::from_json_text<contracts::ExecutionToken>(event.data).value();
        if (event.name == "end") return reflect::from_json_text<contracts::ExecutionEnd>(event.data).value();
        return reflect::from_json_text<contracts::ExecutionError>(event.data).value();
    }

    VirtualWorld* world_;
    std::map<std::string, Machine> machines_;
    std::vector<std::shared_ptr<Reader>> readers_;
};

/// The control with its store and its workers; the control may die and start again.
class JobHouse {
  public:
    explicit JobHouse(Policy chosen = patient_policy()) : policy_(std::move(chosen)) { boot(); }
    ~JobHouse() { jobs().stop(); }
    JobHouse(const JobHouse&) = delete;
    JobHouse& operator=(const JobHouse&) = delete;

    /// The process dies and starts again. Workers do not notice; nodes register anew when the test says so.
    void restart() {
        store.crash();
        jobs_.reset();
        house_.reset();
        boot();
    }

    void worker_is_ready(const std::string& worker, std::uint32_t slots = 4) {
        auto report = ControlHouse::ready(worker, "smollm2", slots);
        report.url = "http://" + worker;
        workers.dead.erase("http://" + worker);
        house().node_reports("node", report);
        settle();
    }
    void node_registers() {
        house().node_registers("node", {"smollm2"});
        settle();
    }
    /// Its process dies, and its node notices.
    void worker_dies(const std::string& worker) {
        workers.die("http://" + worker);
        house().worker_dies("node", worker);
        settle();
    }

    /// Submits; the answer's job, or nothing where it was refused (then `refusal` says why).
    std::optional<JobId> submit(const std::string& extra = "", std::optional<std::string> key = std::nullopt) {
        const auto body = R"({"model": "smollm2", "prompt": "Count.", "max_tokens": 100)" + extra + "}";
        answer.reset();
        refusal.reset();
        jobs().submit({TokenId("somebody"), read_task_request(body).value(), std::move(key)}, [this](auto accepted) {
            if (accepted) {
                answer = *accepted;
            } else {
                refusal = accepted.error();
            }
        });
        settle();
        if (!answer) return std::nullopt;
        return reflect::from_json_text<contracts::TaskAccepted>(*answer).value().job_id;
    }

    /// Generations go on by so many tokens.
    void generate(std::uint64_t tokens) {
        workers.generate(tokens);
        settle();
    }
    void settle() { house().world.settle(); }
    void pass(Duration time) { house().world.pass(time); }

    [[nodiscard]] orchestrator::Job job(const JobId& id) {
        std::optional<orchestrator::Job> found;
        jobs().find(id, [&](const auto& job) {
            EXPECT_TRUE(job) << job.error().detail;
            if (job) found = *job;
        });
        return found.value_or(orchestrator::Job{});
    }
    [[nodiscard]] contracts::TaskState state(const JobId& id) { return job(id).state; }

    /// The text of the whole stream as a reader gets it that asks until nothing is there.
    [[nodiscard]] std::string text(const JobId& id) {
        std::string text;
        for (const auto& frame : frames(id)) {
            if (frame.event != "token") continue;
            text += reflect::parse_json(frame.data)->at("t").as_string();
        }
        return text;
    }
    [[nodiscard]] std::vector<std::string> events(const JobId& id) {
        std::vector<std::string> events;
        for (const auto& frame : frames(id)) {
            if (events.empty() || events.back() != frame.event) events.push_back(frame.event);
        }
        return events;
    }
    [[nodiscard]] std::vector<orchestrator::Frame> frames(const JobId& id, std::uint64_t after = 0) {
        std::vector<orchestrator::Frame> frames;
        bool is_there = true;
        while (is_there) {
            is_there = false;
            jobs().feed().read(ReaderId{1}, id, after, [&](const auto& piece) {
                if (!piece) return;
                EXPECT_EQ(piece->first, after + 1);
                frames.insert(frames.end(), piece->frames.begin(), piece->frames.end());
                after += piece->frames.size();
                is_there = !piece->is_end;
            });
            jobs().feed().leave(ReaderId{1});
        }
        return frames;
    }

    [[nodiscard]] ControlHouse& house() { return *house_; }
    [[nodiscard]] JobControl& jobs() { return *jobs_; }

    MemoryStore store;
    VirtualWorld nowhere;
    MemoryWorkers workers{nowhere};
    std::optional<std::string> answer;
    std::optional<contracts::Problem> refusal;

  private:
    void boot() {
        house_ = std::make_unique<ControlHouse>(policy_, store.recovered(), &store);
        workers.move_to(house_->world);
        jobs_ =
            std::make_unique<JobControl>(house_->fleet, house_->demand, house_->policy, JobPorts{workers, store, {}});
        house_->also_look = [this] { jobs_->look(); };
        jobs_->start();
        settle();
    }

    Policy policy_;
    std::unique_ptr<ControlHouse> house_;
    std::unique_ptr<JobControl> jobs_;
};

/// "0 1 2 ... ": what an undisturbed answer of so many tokens is.
inline std::string counted(std::uint64_t tokens) {
    std::string text;
    for (std::uint64_t i = 0; i < tokens; ++i) {
        text += std::to_string(i) + " ";
    }
    return text;
}

}  // namespace rbees::control
