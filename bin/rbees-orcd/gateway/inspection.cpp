#include "gateway/inspection.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "rbees/reflect/json.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

std::unexpected<Problem> invalid(std::string detail, std::string pointer, std::string fault) {
    return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                   .detail = std::move(detail),
                                   .errors = {{std::move(pointer), std::move(fault)}}});
}

}  // namespace

std::expected<std::string, Problem> model_named_in(std::string_view body) {
    const auto document = reflect::parse_json(body);
    if (!document) {
        return invalid(
            fmt::format("the body is not JSON: {} at byte {}", document.error().message, document.error().offset), "",
            document.error().message);
    }
    if (!document->is_object()) return invalid("the body must be a JSON object", "", "must be an object");
    const auto* model = document->get_object().if_contains("model");
    if (model == nullptr || model->is_null()) return std::string();
    if (!model->is_string()) return invalid("model must be a string", "/model", "must be a string");
    return std::string(model->get_string());
}

}  // namespace rbees::orcd
