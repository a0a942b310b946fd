#include "rbees/base/crash_point.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include "rbees/base/files.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees {
namespace {

std::string all_names() {
    std::string names;
    for (const auto& each : crash_points) {
        names += fmt::format("\n  {:<30}{}", each.name, each.meaning);
    }
    return names;
}

Result<CrashOrder> read_order(std::string_view text) {
    const auto colon = text.find(':');
    const auto name = text.substr(0, colon);
    const auto found = std::ranges::find(crash_points, name, &NamedCrashPoint::name);
    if (found == crash_points.end()) {
        return fail(fmt::format("RBEES_CRASH_AT: there is no crash point \"{}\"; there are{}", name, all_names()));
    }
    CrashOrder order{.point = found->point};
    if (colon == std::string_view::npos) return order;
    const auto number = text.substr(colon + 1);
    order.pass = parse_whole<std::uint32_t>(number).value_or(0);
    if (order.pass == 0) {
        return fail(fmt::format("RBEES_CRASH_AT: \"{}\" is no number from 1 on", number));
    }
    return order;
}

}  // namespace

Result<std::vector<CrashOrder>> read_crash_orders(std::string_view text) {
    std::vector<CrashOrder> orders;
    while (!text.empty()) {
        const auto comma = text.find(',');
        auto order = read_order(text.substr(0, comma));
        if (!order) return std::unexpected(std::move(order.error()));
        orders.push_back(*order);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return orders;
}

#ifdef RBEES_CRASH_POINTS
namespace {

constexpr int exit_as_killed = 137;

struct Plan {
    struct Place {
        std::uint32_t pass = 0;  ///< none: nobody dies here
        std::atomic<std::uint32_t> passed = 0;
    };
    std::array<Place, crash_points.size()> places;
    std::filesystem::path folder;
    bool is_armed = false;
};

/// Set before anything runs.
Plan& the_plan() {
    static Plan plan;
    return plan;
}

/// Leaves the file that says so. False if it is there already.
bool leave_mark(const std::filesystem::path& folder, std::string_view name) {
    if (folder.empty()) return true;
    const UniqueFd fd(::open((folder / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid()) return false;
    const auto text = fmt::format("{}\n", ::getpid());
    return ::write(fd.get(), text.data(), text.size()) >= 0;
}

}  // namespace

Result<void> arm_crash_points(const Environment& environment) {
    const auto orders = read_crash_orders(environment("RBEES_CRASH_AT").value_or(""));
    if (!orders) return std::unexpected(orders.error());
    auto& plan = the_plan();
    for (const auto& order : *orders) {
        plan.places.at(static_cast<std::size_t>(order.point)).pass = order.pass;
    }
    plan.folder = environment("RBEES_CRASH_FOLDER").value_or("");
    plan.is_armed = !orders->empty();
    return {};
}

void crash_point(CrashPoint point) {
    auto& plan = the_plan();
    if (!plan.is_armed) return;
    auto& place = plan.places.at(static_cast<std::size_t>(point));
    if (place.pass == 0) return;
    const auto name = crash_points.at(static_cast<std::size_t>(point)).name;
    std::error_code ignored;
    if (!plan.folder.empty() && std::filesystem::exists(plan.folder / name, ignored)) return;
    if (++place.passed != place.pass || !leave_mark(plan.folder, name)) return;
    ::_exit(exit_as_killed);
}
#endif

}  // namespace rbees
