#include "rbees/contracts/reference.hpp"

#include <fmt/format.h>

#include "rbees/contracts/error_codes.hpp"
#include "rbees/contracts/metrics.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::contracts {
namespace {

constexpr auto made_from = "This page is made from `{}` by `tools/dev docs`.";

std::string page(std::string_view title, std::string_view source, std::string_view introduction) {
    return fmt::format("# {}\n\n{}\n\n{}\n\n", title, introduction, fmt::format(fmt::runtime(made_from), source));
}

std::string code(std::string_view text) {
    return text.empty() ? "" : fmt::format("`{}`", text);
}

/// "`a`, `b`" of "a|b" or "a,b".
std::string codes(std::string_view list, char separator) {
    std::string text;
    while (!list.empty()) {
        const auto end = list.find(separator);
        text += (text.empty() ? "" : ", ") + code(list.substr(0, end));
        list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    }
    return text;
}

/// "1 to 64" of "1..64"; "64KiB or more" of "64KiB.."; "64 at most" of "..64".
std::string span(std::string_view range) {
    const auto dots = range.find("..");
    const auto low = range.substr(0, dots);
    const auto high = range.substr(dots + 2);
    if (high.empty()) return fmt::format("{} or more", low);
    return low.empty() ? fmt::format("{} at most", high) : fmt::format("{} to {}", low, high);
}

std::string with_span(std::string_view kind, std::string_view range) {
    return range.empty() ? std::string(kind) : fmt::format("{}, {}", kind, span(range));
}

std::string allowed(const Option& option) {
    switch (option.kind) {
        case OptionKind::text:
            return "text";
        case OptionKind::integer:
            return with_span("number", option.range);
        case OptionKind::duration:
            return with_span("time", option.range);
        case OptionKind::bytes:
            return with_span("size", option.range);
        case OptionKind::choice:
            return codes(option.range, '|');
        case OptionKind::flag:
            return "`on`, `off`";
    }
    return {};
}

std::string options_page() {
    auto text = page("Options", "lib/contracts/src/options.cpp",
                     "Every option, for `config.toml`, for a variable (`worker.slots` is `RBEES_WORKER_SLOTS`) and for "
                     "`rbees config view`.\nA time is written `250ms`, `30s`, `5m`, `24h` or `7d`; a size `512MB` or "
                     "`32MiB`.");
    text += "| option | default | allowed | what |\n| --- | --- | --- | --- |\n";
    for (const auto& option : options()) {
        text +=
            fmt::format("| `{}` | {} | {} | {} |\n", option.name,
                        option.fallback.empty() ? "empty" : code(option.fallback), allowed(option), option.description);
    }
    return text;
}

std::string metrics_page() {
    auto text = page("Metrics", "lib/contracts/src/metrics.cpp",
                     "What `GET /metrics` of each process shows, in Prometheus's text form.");
    text += "| metric | type | labels | process | what |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& metric : metrics()) {
        text += fmt::format("| `{}` | {} | {} | {} | {} |\n", metric.name, reflect::name_of(metric.type),
                            codes(metric.labels, ','), metric.process, metric.help);
    }
    return text;
}

std::string errors_page() {
    auto text = page("Errors", "lib/contracts/src/error_codes.cpp",
                     "Every `code` of an error, with its HTTP status. Our own routes answer `application/problem+json` "
                     "(RFC 9457) with\n`code`, `detail`, `hint`, `request_id` and `retriable`; routes under `/v1` "
                     "answer in OpenAI's shape, where `model_not_found`,\n`context_length_exceeded` and "
                     "`invalid_api_key` stand for `MODEL_NOT_FOUND`, `CONTEXT_TOO_LONG` and `UNAUTHORIZED`.");
    text += "| code | status | the same request may succeed later | title |\n| --- | --- | --- | --- |\n";
    for (const auto& row : error_table()) {
        text += fmt::format("| `{}` | {} | {} | {} |\n", reflect::name_of(row.code), row.status,
                            row.retry == Retry::sensible ? "yes" : "no", row.title);
    }
    return text;
}

std::string_view key_to(Access access) {
    switch (access) {
        case Access::open:
            return "nothing";
        case Access::metrics:
            return "role `admin`; nothing on loopback if `metrics.open` is on";
        case Access::user:
        case Access::admin:
            return "role `admin`";
        case Access::node:
            return "role `node` or `admin`";
        case Access::caller:
            return "the secret of this process";
    }
    return {};
}

std::string routes_of(std::string_view title, std::span<const Route> routes) {
    auto text = fmt::format("## {}\n\n| route | needs | success | what |\n| --- | --- | --- | --- |\n", title);
    for (const auto& route : routes) {
        text += fmt::format("| `{} {}` | {} | {} | {} |\n", route.method, route.path, key_to(route.access),
                            route.status, route.summary);
    }
    return text;
}

std::string routes_page() {
    auto text = page("Routes", "lib/contracts/src/orcd_routes.cpp` and `lib/contracts/src/node_routes.cpp",
                     "Every route of every process, and the token that opens it. `HEAD` works wherever `GET` does. The "
                     "bodies of\n`rbees-orcd` are described in its `GET /openapi.json`.");
    return text + routes_of("rbees-orcd", orcd_routes()) + "\n" + routes_of("pool-managerd", pool_routes()) + "\n" +
           routes_of("rbees-workerd", worker_routes());
}

}  // namespace

std::vector<ReferencePage> reference_pages() {
    return {{"options.md", options_page()},
            {"metrics.md", metrics_page()},
            {"errors.md", errors_page()},
            {"routes.md", routes_page()}};
}

}  // namespace rbees::contracts
