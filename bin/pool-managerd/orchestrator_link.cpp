#include "orchestrator_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstring>

#include "limits.hpp"
#include "rbees/base/random.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

/// What an attempt to talk to orcd came to.
enum class Outcome : std::uint8_t {
    ok,
    unreachable,  ///< nobody there: try again soon
    unknown,      ///< orcd restarted: register again
    refused,      ///< it answers, but not as hoped: try again later
};

/// A random share between a half and the whole of `span`, so that many nodes do not come back at the same moment.
Duration with_jitter(Duration span) {
    std::uint16_t random = 0;
    const auto bytes = random_bytes(sizeof random);
    std::memcpy(&random, bytes.data(), sizeof random);
    return span / 2 + span / 2 * random / 65535;
}

}  // namespace

class OrchestratorLink::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    explicit Implementation(LinkParts parts) : parts_(std::move(parts)) {}

    void start() { boost::asio::co_spawn(parts_.io, run(shared_from_this()), boost::asio::detached); }

    void report() {
        if (!orchestrator_ || is_stopping_) return;
        is_stale_ = true;
        if (std::exchange(is_reporting_, true)) return;
        boost::asio::co_spawn(parts_.io, report_changes(shared_from_this()), boost::asio::detached);
    }

    [[nodiscard]] bool is_registered() const { return orchestrator_.has_value(); }

    void stop() { is_stopping_ = true; }

  private:
    /// Registers, then holds heartbeats until orcd is gone or another one; for ever.
    static net::Task<void> run(std::shared_ptr<Implementation> self) {
        auto pause = limits::retry_first;
        while (!self->is_stopping_) {
            auto outcome = co_await register_node(self);
            if (outcome == Outcome::ok) pause = limits::retry_first;
            while (outcome == Outcome::ok && !self->is_stopping_) {
                outcome = co_await hold_heartbeat(self);
            }
            self->lose(outcome);
            if (outcome == Outcome::unknown) continue;
            co_await net::wait_for(self->pause_after(outcome, pause));
            pause = std::min(pause * 2, limits::retry_last);
        }
    }

    [[nodiscard]] Duration pause_after(Outcome outcome, Duration pause) const {
        if (outcome == Outcome::refused) return with_jitter(limits::retry_refused);
        return is_near_ ? limits::retry_loopback : with_jitter(pause);
    }

    static net::Task<Outcome> register_node(std::shared_ptr<Implementation> self) {
        auto registration = self->parts_.registration();
        registration.status.sequence = ++self->sequence_;
        self->node_ = registration.node_id;
        auto request = self->request("/v2/nodes/register", reflect::to_json_text(registration));
        if (!request) co_return Outcome::unreachable;
        const auto answer = co_await self->parts_.client.send(std::move(*request));
        if (!answer) co_return Outcome::unreachable;
        const auto registered = reflect::from_json_text<contracts::NodeRegistered>(answer->body);
        if (answer->status != 200 || !registered) {
            self->complain(fmt::format("rbees-orcd answered {} to the registration", answer->status), answer->body);
            co_return Outcome::refused;
        }
        self->complained_ = {};
        self->orchestrator_ = registered->orchestrator;
        self->interval_ = self->bounded(registered->heartbeat_interval_ms);
        self->parts_.log.info("registered with rbees-orcd", {{"orchestrator", registered->orchestrator}});
        co_return Outcome::ok;
    }

    /// One heartbeat that orcd holds for an interval; the next follows at once.
    static net::Task<Outcome> hold_heartbeat(std::shared_ptr<Implementation> self) {
        const auto started = BootClock::now();
        const auto hold = self->interval_;
        const auto outcome = co_await send_heartbeat(self, hold);
        const auto took = BootClock::now() - started;
        // An orcd that does not hold must not be asked in a tight loop.
        if (outcome == Outcome::ok && took < hold / 2) co_await net::wait_for(hold - took);
        co_return outcome;
    }

    static net::Task<Outcome> send_heartbeat(std::shared_ptr<Implementation> self, Duration hold) {
        contracts::Heartbeat heartbeat{.orchestrator = self->orchestrator_.value_or(""),
                                       .status = self->parts_.status()};
        heartbeat.hold_ms =
            static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(hold).count());
        heartbeat.status.sequence = ++self->sequence_;
        auto request = self->request(fmt::format("/v2/nodes/{}/heartbeat", net::percent_encode(self->node_.str())),
                                     reflect::to_json_text(heartbeat));
        if (!request) co_return Outcome::unreachable;
        request->timeouts.head = hold + limits::orcd_answer;
        const auto answer = co_await self->parts_.client.send(std::move(*request));
        if (!answer) co_return Outcome::unreachable;
        if (answer->status == 404 || answer->status == 409) co_return Outcome::unknown;
        if (answer->status != 200) {
            self->complain(fmt::format("rbees-orcd answered {} to a heartbeat", answer->status), answer->body);
            co_return Outcome::refused;
        }
        const auto next = reflect::from_json_text<contracts::HeartbeatAnswer>(answer->body);
        if (next) self->interval_ = self->bounded(next->next_ms);
        co_return Outcome::ok;
    }

    static net::Task<void> report_changes(std::shared_ptr<Implementation> self) {
        while (std::exchange(self->is_stale_, false) && self->orchestrator_ && !self->is_stopping_) {
            const auto interval = self->interval_;
            const auto outcome = co_await send_heartbeat(self, Duration::zero());
            self->interval_ = interval;
            if (outcome != Outcome::ok) break;  // the held heartbeat notices it, too, and registers again
        }
        self->is_reporting_ = false;
    }

    std::optional<net::ClientRequest> request(const std::string& path, std::string body) {
        const auto address = parts_.address();
        const auto token = parts_.node_token();
        auto url = address ? net::parse_url(*address) : std::nullopt;
        if (!url || !token) return std::nullopt;
        is_near_ = net::is_loopback(url->host);
        url->target = path;
        net::ClientRequest request;
        request.method = "POST";
        request.url = std::move(*url);
        request.headers.set("Authorization", "Bearer " + *token);
        request.headers.set("Content-Type", "application/json");
        request.body = std::move(body);
        request.timeouts = {limits::orcd_answer, limits::orcd_answer, limits::orcd_answer};
        request.answer_limit = mebibytes(1);
        return request;
    }

    [[nodiscard]] static Duration bounded(std::uint32_t milliseconds) {
        return std::clamp<Duration>(std::chrono::milliseconds(milliseconds), limits::heartbeat_shortest,
                                    limits::heartbeat_longest);
    }

    /// Says a thing once, not twenty times a second.
    void complain(const std::string& what, const std::string& body) {
        if (complained_ == what) return;
        complained_ = what;
        constexpr std::size_t body_max = 500;
        parts_.log.warning(what, {{"answer", body.substr(0, body_max)}});
    }

    void lose(Outcome outcome) {
        if (orchestrator_ && !is_stopping_) {
            parts_.log.warning(
                "the connection to rbees-orcd is lost",
                {{"why", outcome == Outcome::unknown ? "it does not know this node" : "it does not answer"}});
        }
        orchestrator_.reset();
    }

    LinkParts parts_;
    NodeId node_;
    std::optional<std::string> orchestrator_;
    Duration interval_ = limits::heartbeat_longest;
    std::uint64_t sequence_ = 0;
    bool is_near_ = true;
    bool is_stale_ = false;
    bool is_reporting_ = false;
    bool is_stopping_ = false;
    std::string complained_;
};

OrchestratorLink::OrchestratorLink(LinkParts parts)
    : implementation_(std::make_shared<Implementation>(std::move(parts))) {}

OrchestratorLink::~OrchestratorLink() = default;

void OrchestratorLink::start() {
    implementation_->start();
}

void OrchestratorLink::report() {
    implementation_->report();
}

bool OrchestratorLink::is_registered() const {
    return implementation_->is_registered();
}

void OrchestratorLink::stop() {
    implementation_->stop();
}

}  // namespace rbees::poold
