#include "control/default_model.hpp"

#include <boost/describe/class.hpp>
#include <optional>

#include "rbees/base/files.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {
namespace {

struct Kept {
    std::optional<std::string> model;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (model))

}  // namespace

std::string default_model(const Settings& settings) {
    if (!settings.default_model.empty()) return settings.default_model;
    const auto text = read_file(settings.home.state / "up.json", kibibytes(64));
    if (!text) return {};
    const auto kept = reflect::from_json_text<Kept>(*text);
    return kept ? kept->model.value_or("") : std::string();
}

}  // namespace rbees::orcd
