#include "control/default_model.hpp"

#include <sys/stat.h>

#include <boost/describe/class.hpp>

#include "rbees/base/files.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {
namespace {

struct Kept {
    std::optional<std::string> model;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (model))

std::string read_model(const std::filesystem::path& file) {
    const auto text = read_file(file, kibibytes(64));
    if (!text) return {};
    const auto kept = reflect::from_json_text<Kept>(*text);
    return kept ? kept->model.value_or("") : std::string();
}

}  // namespace

DefaultModel::DefaultModel(const Settings& settings)
    : configured_(settings.default_model), file_(settings.home.state / "up.json") {}

std::string DefaultModel::now() {
    if (!configured_.empty()) return configured_;
    const auto stamp = look();
    if (!stamp) {
        kept_.clear();
    } else if (stamp != seen_) {
        kept_ = read_model(file_);
    }
    seen_ = stamp;
    return kept_;
}

std::optional<DefaultModel::Stamp> DefaultModel::look() const {
    struct stat seen{};
    if (::stat(file_.c_str(), &seen) != 0) return std::nullopt;
    return Stamp{.inode = seen.st_ino, .changed_s = seen.st_mtim.tv_sec, .changed_ns = seen.st_mtim.tv_nsec};
}

}  // namespace rbees::orcd
