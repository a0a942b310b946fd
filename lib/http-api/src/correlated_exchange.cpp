#include "correlated_exchange.hpp"

#include <utility>

#include "rbees/contracts/workers.hpp"

namespace rbees::http_api {

CorrelatedExchange::CorrelatedExchange(net::Exchange& inner, std::string request_id)
    : inner_(inner), request_id_(std::move(request_id)) {}

const net::Request& CorrelatedExchange::request() const {
    return std::as_const(inner_).request();
}

net::Request& CorrelatedExchange::request() {
    return inner_.request();
}

net::Task<bool> CorrelatedExchange::respond(net::Response response) {
    note_head(response);
    whole_ = co_await inner_.respond(std::move(response));
    co_return whole_;
}

net::Task<bool> CorrelatedExchange::start(net::Response head) {
    note_head(head);
    const auto alive = co_await inner_.start(std::move(head));
    co_return alive;
}

net::Task<bool> CorrelatedExchange::write(std::string piece) {
    return inner_.write(std::move(piece));
}

net::Task<bool> CorrelatedExchange::finish() {
    whole_ = co_await inner_.finish();
    co_return whole_;
}

void CorrelatedExchange::when_client_leaves(std::function<void()> left) {
    inner_.when_client_leaves(std::move(left));
}

void CorrelatedExchange::note_head(net::Response& head) {
    status_ = head.status;
    first_byte_ = BootClock::now();
    head.headers.set(contracts::correlation_header, request_id_);
}

}  // namespace rbees::http_api
