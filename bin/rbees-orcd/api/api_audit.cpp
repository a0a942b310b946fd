#include <fmt/format.h>

#include <filesystem>

#include "api/api.hpp"
#include "api/query_reader.hpp"
#include "api/storage_failed.hpp"
#include "orcd_limits.hpp"
#include "rbees/contracts/storage.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::orcd {
namespace {

using contracts::AuditPage;
using contracts::AuditReport;
using contracts::Backup;
using contracts::ErrorCode;
using contracts::Problem;

/// The record that holds a token's hash.
constexpr std::string_view token_record = "token:created";

/// What a page of the journal was asked for.
struct PageWish {
    store::RecordFilter filter;
    std::size_t limit = limits::page_records;
};

Read<PageWish> read_wish(const net::Request& request) {
    constexpr std::uint64_t sequence_max = std::numeric_limits<std::int64_t>::max();
    QueryReader reader(request);
    PageWish wish;
    wish.filter.after = reader.number("since", 0, sequence_max).value_or(wish.filter.after);
    wish.filter.type = reader.text("type");
    wish.limit = reader.number("limit", 1, limits::page_records_max).value_or(wish.limit);
    return reader.done(std::move(wish));
}

Problem bad_path(std::string fault) {
    return contracts::invalid("backup", {{"/path", std::move(fault)}});
}

contracts::JournalMark mark_of(const store::JournalHead& head) {
    return {head.sequence, to_hex(head.hash)};
}

/// The body of a record, without what lets somebody try secrets out at home: the hashes of tokens.
boost::json::value shown_body(const store::Record& record) {
    auto body = reflect::parse_json(record.body);
    if (!body) return boost::json::value(record.body);
    if (record.type != token_record || !body->is_object()) return std::move(*body);
    auto* token = body->get_object().if_contains("token");
    if (token != nullptr && token->is_object()) token->get_object().erase("hash");
    return std::move(*body);
}

Checked<AuditPage> page_of(store::Reader& reader, const PageWish& wish) {
    auto found = reader.records(wish.filter, wish.limit);
    if (!found) return std::unexpected(storage_failed(found.error()));
    AuditPage page;
    page.next = found->next;
    for (auto& stored : found->records) {
        auto body = shown_body(stored.record);
        page.records.push_back({stored.sequence, stored.at, std::move(stored.record.type), stored.record.version,
                                std::move(body), to_hex(stored.hash)});
    }
    return page;
}

Problem stopping() {
    return {.code = ErrorCode::STORAGE_FAILED, .detail = "rbees-orcd is stopping", .hint = "try again when it runs"};
}

Problem busy() {
    return {.code = ErrorCode::CONFLICT,
            .detail = "a check or a backup of the journal is under way",
            .hint = "wait until it is done"};
}

Checked<AuditReport> verify(const store::Journal& journal, const std::stop_token& stop) {
    // What memory knows is kept elsewhere than the file: an end that somebody cut off under us is found by it.
    const auto known = journal.head();
    const auto reader = journal.open_reader();
    if (!reader) return std::unexpected(storage_failed(reader.error()));
    auto found = (*reader)->verify(known, stop);
    if (stop.stop_requested()) return std::unexpected(stopping());
    return AuditReport{.good = !found.first_problem,
                       .problem = std::move(found.first_problem),
                       .first = found.first,
                       .records = found.records,
                       .entities = found.entities,
                       .payloads = found.payloads,
                       .head = mark_of(found.head)};
}

std::optional<Problem> fault_of(const std::filesystem::path& target) {
    if (!target.is_absolute() || !target.has_filename()) {
        return bad_path("must be the absolute path of a file");
    }
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored))) {
        return Problem{.code = ErrorCode::CONFLICT,
                       .detail = fmt::format("{} exists already", target.native()),
                       .hint = "choose another name for the backup"};
    }
    if (!std::filesystem::is_directory(target.parent_path(), ignored)) {
        return bad_path(fmt::format("must lie in a folder that exists; {} does not", target.parent_path().native()));
    }
    return std::nullopt;
}

Checked<Backup> back_up(const store::Journal& journal, const std::string& path, const std::stop_token& stop) {
    if (auto fault = fault_of(path)) return std::unexpected(std::move(*fault));
    const auto made = journal.backup(path, stop);
    if (!made && stop.stop_requested()) return std::unexpected(stopping());
    if (!made) return std::unexpected(storage_failed(made.error()));
    return Backup{path, made->format, made->program, mark_of(made->head), made->made_at};
}

}  // namespace

void Api::bind_audit(http_api::Handlers& handlers) {
    handlers.bind("audit", [this](http_api::Call& call) { return audit(call); });
    handlers.bind("audit_verify", [this](http_api::Call& call) {
        return answer_with_long_work<AuditReport>(
            call, [&journal = control_.journal()](const std::stop_token& stop) { return verify(journal, stop); });
    });
    handlers.bind("backup", [this](http_api::Call& call) { return create_backup(call); });
}

net::Task<void> Api::audit(http_api::Call& call) {
    const auto wish = read_wish(call.request());
    if (!wish) {
        co_await http_api::answer_refused(call, wish.error());
        co_return;
    }
    std::function<void(Answerer<Checked<AuditPage>>)> question = [&control = control_, wish = *wish](auto reply) {
        control.fleet().when_durable([&control, wish, reply] { reply(page_of(control.reader(), wish)); });
    };
    co_await answer_with<AuditPage>(call, std::move(question));
}

net::Task<void> Api::create_backup(http_api::Call& call) {
    const auto wish = http_api::read_body<contracts::CreateBackup>(call.request());
    if (!wish) {
        co_await http_api::answer_refused(call, wish.error());
        co_return;
    }
    LongQuestion<Backup> question = [&journal = control_.journal(), path = wish->path](const std::stop_token& stop) {
        return back_up(journal, path, stop);
    };
    co_await answer_with_long_work<Backup>(call, std::move(question));
}

template <class T>
net::Task<void> Api::answer_with_long_work(http_api::Call& call, LongQuestion<T> work) {
    std::function<void(Answerer<Checked<T>>)> question = [&control = control_, work = std::move(work)](auto reply) {
        const auto run = [work, reply](const std::stop_token& stop) -> LongWork::Telling {
            return [reply, result = work(stop)] { reply(result); };
        };
        if (!control.long_work().start(run)) reply(std::unexpected(busy()));
    };
    co_await answer_with<T>(call, std::move(question));
}

}  // namespace rbees::orcd
