#pragma once
/// @file
/// Durable jobs in virtual time: a control that dies and starts again, with a store and workers that outlive it.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control_house.hpp"
#include "memory_store.hpp"
#include "memory_workers.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/control/session_control.hpp"

namespace rbees::control {

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
        sessions_.reset();
        jobs_.reset();
        house_.reset();
        boot();
    }

    void worker_is_ready(const std::string& worker, std::uint32_t slots = 4) {
        auto report = ControlHouse::ready(worker, "smollm2", slots);
        report.url = "http://" + worker;
        workers.dead.erase("http://" + worker);
        reports_.insert_or_assign(worker, report);
        house().node_reports("node", report);
        settle();
    }
    void node_registers() {
        for (const auto& [worker, report] : reports_) {
            house().node_has("node", report);
        }
        house().node_registers("node", {"smollm2"});
        settle();
    }
    /// Its process dies while nobody looks.
    void worker_dies_unnoticed(const std::string& worker) {
        reports_.erase(worker);
        workers.die("http://" + worker);
    }
    /// Its process dies, and its node notices.
    void worker_dies(const std::string& worker) {
        worker_dies_unnoticed(worker);
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
    [[nodiscard]] SessionControl& sessions() { return *sessions_; }

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
        sessions_ = std::make_unique<SessionControl>(house_->fleet, *jobs_, house_->policy, Logger{});
        house_->also_look = [this] { jobs_->look(); };
        jobs_->start();
        sessions_->start();
        settle();
    }

    Policy policy_;
    std::map<std::string, contracts::WorkerReport> reports_;  ///< of the workers that live
    std::unique_ptr<ControlHouse> house_;
    std::unique_ptr<JobControl> jobs_;
    std::unique_ptr<SessionControl> sessions_;
};

/// "0 1 2 ... ": what an undisturbed answer of so many tokens is.
inline std::string counted(std::uint64_t tokens) {
    std::string text;
    for (std::uint64_t i = 0; i < tokens; ++i) {
        text += std::to_string(i) + " ";
    }
    return text;
}

/// The task of `submit` is completed, and its first attempt was not the one that did it.
inline void expect_done_by_a_second_attempt(JobHouse& house, const JobId& id) {
    EXPECT_EQ(house.state(id), contracts::TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.job(id).attempt, 2U);
}

}  // namespace rbees::control
