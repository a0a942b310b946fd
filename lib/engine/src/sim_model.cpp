#include <fmt/format.h>

#include <concepts>

#include "rbees/base/ids.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/engine/simulated.hpp"

namespace rbees::engine {
namespace {

constexpr std::string_view scheme = "sim:";
constexpr std::string_view known =
    "known are slots, prefill, decode, seed, context, load_ms, fail_load, fail_after, die_after, stall_after";

template <class Number>
std::optional<Number> parse(std::string_view text) {
    if constexpr (std::floating_point<Number>) {
        return parse_real(text);
    } else {
        return parse_whole<Number>(text);
    }
}

template <class Number>
Result<void> read(std::string_view name, std::string_view text, Number least, Number most, Number& value) {
    const auto number = parse<Number>(text);
    if (!number || *number < least || *number > most) {
        return fail(fmt::format("sim: parameter {}={} must be a number from {} to {}", name, text, least, most));
    }
    value = *number;
    return {};
}

Result<void> read_count(std::string_view name, std::string_view text, std::uint32_t least, std::uint32_t& value) {
    return read<std::uint32_t>(name, text, least, 1'000'000'000, value);
}

Result<void> read_parameter(std::string_view name, std::string_view text, SimulatedModel& model) {
    if (name == "slots") return read<std::uint32_t>(name, text, 1, 256, model.slots);
    if (name == "prefill") return read<double>(name, text, 0.01, 1e9, model.prefill);
    if (name == "decode") return read<double>(name, text, 0.01, 1e9, model.decode);
    if (name == "seed") return read<std::uint64_t>(name, text, 0, ~std::uint64_t{0}, model.seed);
    if (name == "context") return read<std::uint64_t>(name, text, 16, 1 << 24, model.context.value);
    if (name == "load_ms") return read<std::uint32_t>(name, text, 0, 3'600'000, model.load_ms);
    if (name == "fail_after") return read_count(name, text, 0, model.fail_after);
    if (name == "die_after") return read_count(name, text, 0, model.die_after);
    if (name == "stall_after") return read_count(name, text, 0, model.stall_after);
    if (name == "fail_load") {
        std::uint32_t flag = 0;
        auto done = read<std::uint32_t>(name, text, 0, 1, flag);
        model.fail_load = flag == 1;
        return done;
    }
    return fail(fmt::format("sim: unknown parameter {}", name), std::string(known));
}

}  // namespace

Result<SimulatedModel> parse_simulated_model(std::string_view reference) {
    if (!reference.starts_with(scheme)) return fail(fmt::format("{} is no sim: reference", reference));
    reference.remove_prefix(scheme.size());
    const auto question = reference.find('?');
    SimulatedModel model;
    model.name = std::string(reference.substr(0, question));
    if (!is_valid_id(model.name))
        return fail("sim: needs a name of letters, digits and . _ : -", "for example sim:demo");
    if (model.name.find("embed") != std::string::npos) model.kind = Kind::embedding;

    auto rest = question == std::string_view::npos ? std::string_view{} : reference.substr(question + 1);
    while (!rest.empty()) {
        const auto parameter = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos) {
            return fail(fmt::format("sim: parameter {} has no value", parameter), std::string(known));
        }
        const auto done = read_parameter(parameter.substr(0, equals), parameter.substr(equals + 1), model);
        if (!done) return std::unexpected(done.error());
    }
    return model;
}

}  // namespace rbees::engine
