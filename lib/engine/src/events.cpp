#include "rbees/engine/events.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rbees::engine {

std::string start_event(const Started& started, std::string_view model_hash) {
    return sse_event("rbees.start",
                     fmt::format(R"({{"prompt_ids":[{}],"seed":{},"model_hash":"{}","sampling":{},"continuable":{}}})",
                                 fmt::join(started.prompt, ","), started.seed, model_hash, started.sampling,
                                 started.continuable == Continuable::yes));
}

}  // namespace rbees::engine
