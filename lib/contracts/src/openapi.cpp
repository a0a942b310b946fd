#include <string>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "rbees/base/ascii.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/reflect/schema.hpp"

namespace rbees::contracts {
namespace {

namespace json = boost::json;

json::object content(std::string_view type, json::object schema) {
    return {{type, json::object{{"schema", std::move(schema)}}}};
}

/// `{name}` segments of a path as parameters.
json::array parameters_of(std::string_view path) {
    json::array parameters;
    for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
        const auto name = path.substr(open + 1, path.find('}', open) - open - 1);
        parameters.push_back(json::object{{"name", json::string(name)},
                                          {"in", "path"},
                                          {"required", true},
                                          {"schema", json::object{{"type", "string"}}}});
    }
    return parameters;
}

json::object operation_of(const Route& route) {
    json::object operation{{"operationId", json::string(route.operation)}, {"summary", json::string(route.summary)}};
    auto parameters = parameters_of(route.path);
    if (!parameters.empty()) operation.emplace("parameters", std::move(parameters));
    if (route.request != nullptr) {
        operation.emplace("requestBody", json::object{{"content", content("application/json", route.request())}});
    } else if (route.errors == ErrorShape::openai && route.method == "POST") {
        operation.emplace("requestBody", json::object{{"content", content("application/json", {{"type", "object"}})}});
    }
    json::object success{{"description", "Success"}};
    if (route.response != nullptr) success.emplace("content", content("application/json", route.response()));
    json::object failure{{"description", "An error"}};
    failure.emplace("content", route.errors == ErrorShape::openai
                                   ? content("application/json", reflect::schema<OpenAiErrorBody>())
                                   : content("application/problem+json", reflect::schema<ProblemBody>()));
    operation.emplace(
        "responses", json::object{{std::to_string(route.status), std::move(success)}, {"default", std::move(failure)}});
    if (route.access == Access::open) operation.emplace("security", json::array{});
    return operation;
}

}  // namespace

json::object openapi(std::span<const Route> routes, std::string_view title, std::string_view version) {
    json::object paths;
    for (const auto& route : routes) {
        auto& path = paths[route.path];
        if (!path.is_object()) path.emplace_object();
        path.get_object().emplace(to_lower(route.method), operation_of(route));
    }
    return {
        {"openapi", "3.1.0"},
        {"info", json::object{{"title", json::string(title)}, {"version", json::string(version)}}},
        {"security", json::array{json::object{{"bearer", json::array{}}}}},
        {"components", json::object{{"securitySchemes",
                                     json::object{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}}},
        {"paths", std::move(paths)}};
}

}  // namespace rbees::contracts
