#include "house/kept.hpp"

#include "rbees/base/files.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::ctl {
namespace {

std::filesystem::path file_of(const Home& home) {
    return home.state / "up.json";
}

}  // namespace

Kept read_kept(const Home& home) {
    const auto text = read_file(file_of(home));
    if (!text) return {};
    return reflect::from_json_text<Kept>(*text).value_or(Kept{});
}

Result<void> write_kept(const Home& home, const Kept& kept) {
    return write_file_atomically(file_of(home), reflect::to_json_text(kept) + "\n", FileAccess::owner_only);
}

}  // namespace rbees::ctl
