#include "targets.hpp"

#include <algorithm>
#include <array>

#include "rbees/base/assert.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/engine/simulated.hpp"
#include "seeds.hpp"

namespace rbees::fuzz {
namespace {

constexpr std::array all{
    Target{"json", read_json, seeds::json},
    Target{"task", read_task, seeds::task},
    Target{"registration", read_registration, seeds::registration},
    Target{"execution", read_execution, seeds::execution},
    Target{"generation", read_generation, seeds::generation},
    Target{"order", read_order, seeds::order},
    Target{"record", read_journal_record, seeds::record},
    Target{"request", read_request, seeds::request},
    Target{"answer", read_answer, seeds::answer},
    Target{"query", read_query, seeds::query},
    Target{"events", read_events, seeds::events},
    Target{"trail", read_trail, seeds::trail},
    Target{"answer_head", read_answer_head, seeds::answer_head},
    Target{"url", read_url, seeds::url},
    Target{"model_header", read_model_header, seeds::model_header},
    Target{"configuration", read_configuration, seeds::configuration},
    Target{"sim", read_simulated_model, seeds::sim},
    Target{"quantities", read_quantities, seeds::quantities},
};

}  // namespace

std::span<const Target> targets() {
    return all;
}

const Target& target_named(std::string_view name) {
    const auto* found = std::ranges::find(all, name, &Target::name);
    RBEES_ASSERT(found != all.end());
    return *found;
}

void read_simulated_model(std::string_view bytes) {
    const auto model = engine::parse_simulated_model(bytes);
    if (!model) {
        RBEES_ASSERT(!model.error().message.empty());
        return;
    }
    RBEES_ASSERT(model->slots >= 1 && model->prefill > 0 && model->decode > 0 && !model->name.empty());
}

void read_quantities(std::string_view bytes) {
    static_cast<void>(parse_bytes(bytes));
    static_cast<void>(parse_duration(bytes));
    if (const auto time = parse_rfc3339(bytes)) RBEES_ASSERT(parse_rfc3339(to_rfc3339(*time)) == *time);
}

}  // namespace rbees::fuzz
