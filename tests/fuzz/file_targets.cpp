#include "config_sources.hpp"
#include "models/gguf_header.hpp"
#include "rbees/base/assert.hpp"
#include "targets.hpp"

namespace rbees::fuzz {
namespace {

void check(const Result<std::vector<ConfigEntry>>& entries) {
    if (!entries) {
        RBEES_ASSERT(entries.error().message.starts_with("file"));
        return;
    }
    for (const auto& entry : *entries) {
        RBEES_ASSERT(entry.origin == "file" && entry.line >= 1);
    }
}

}  // namespace

void read_model_header(std::string_view bytes) {
    const auto header = poold::read_gguf_header(bytes);
    if (!header) {
        RBEES_ASSERT(!header.error().empty());
        return;
    }
    RBEES_ASSERT(header->architecture.size() < bytes.size());
    static_cast<void>(poold::kind_of(*header));
}

void read_configuration(std::string_view bytes) {
    const auto variables = parse_dotenv(bytes, "file");
    check(variables);
    if (variables) {
        for (const auto& entry : *variables) {
            RBEES_ASSERT(entry.name.starts_with("RBEES_"));
        }
    }
    check(parse_toml(bytes, "file"));
}

}  // namespace rbees::fuzz
