#include "commands/details.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "output/table.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::ctl {
namespace {

std::string written(const boost::json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_double()) return fmt::format("{}", value.get_double());  // JSON text says 1.0
    if (!value.is_array()) return reflect::to_text(value);
    std::string text;
    for (const auto& item : value.get_array()) {
        text += (text.empty() ? "" : ", ") + written(item);
    }
    return text;
}

}  // namespace

std::string render_details(const boost::json::object& object, Colour colour) {
    std::size_t width = 0;
    for (const auto& [name, value] : object) {
        width = std::max<std::size_t>(width, name.size());
    }
    std::string text;
    for (const auto& [name, value] : object) {
        if (value.is_null()) continue;
        const auto shown = written(value);
        text += paint(colour, Tone::strong, std::string_view(name)) + std::string(width - name.size() + 2, ' ');
        text += (shown.empty() ? "-" : shown) + "\n";
    }
    return text;
}

}  // namespace rbees::ctl
