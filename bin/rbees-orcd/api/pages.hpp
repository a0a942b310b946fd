#pragma once
/// @file
/// Lists of tasks and sessions: pages of what is on disk, which is all that may be shown.

#include <string_view>
#include <utility>
#include <vector>

#include "api/storage_failed.hpp"
#include "api/task_questions.hpp"
#include "control/ask.hpp"
#include "control/control.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {

/// A page of the entities of one kind, as `view_of` shows them in the page's member `views`. STORAGE_FAILED. What is
/// damaged is named in the page, and keeps nobody from the rest. On the control thread.
template <class Entity, class Page, class View, class ViewOf>
Checked<Page> read_page(store::Reader& reader, std::string_view kind, const ListQuery& query,
                        std::vector<View> Page::* views, ViewOf view_of) {
    const auto rows = reader.list(kind, query.filter, query.cursor, query.limit);
    if (!rows) return std::unexpected(storage_failed(rows.error()));
    Page page;
    auto damaged = rows->damaged;
    for (const auto& row : rows->rows) {
        const auto entity = reflect::from_json_text<Entity>(row.entity.json);
        if (entity) {
            (page.*views).push_back(view_of(*entity));
        } else {
            damaged.push_back(row.entity.id);
        }
    }
    if (rows->next) page.next = store::to_text(*rows->next);
    if (!damaged.empty()) page.damaged = std::move(damaged);
    return page;
}

/// `next` is there on the last page, too, and null.
template <class Page>
net::Response page_answer(const http_api::Call& call, const Page& page) {
    auto body = reflect::to_json(page);
    if (!page.next) body.get_object()["next"] = nullptr;
    return http_api::json_text_answer(call.route.status, reflect::to_text(body));
}

template <class Page>
using PageSource = Checked<Page> (*)(Control& control, const ListQuery& query);

/// Asks the control thread for a page and answers with it, or refuses the query. Who is no admin sees its own only.
template <class Page>
net::Task<void> answer_with_page(Control& control, http_api::Call& call, Read<ListQuery> query,
                                 PageSource<Page> source) {
    if (!query) {
        co_await http_api::answer_refused(call, query.error());
        co_return;
    }
    if (call.caller.role != contracts::Role::admin) query->filter.owner = call.caller.id;
    std::function<void(Answerer<Checked<Page>>)> question = [&control, query = *query, source](auto reply) {
        reply(source(control, query));
    };
    const auto page = co_await ask<Checked<Page>>(control.io(), std::move(question));
    auto response = page ? page_answer(call, *page) : call.refuse(page.error());
    co_await call.exchange.respond(std::move(response));
}

}  // namespace rbees::orcd
