#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "rbees/simulation/run.hpp"

namespace rbees::simulation {
namespace {

/// Leaves out what is not needed, larger pieces first: after Zeller and Hildebrandt, "Simplifying and isolating
/// failure-inducing input" (2002).
class Shrinking {
  public:
    Shrinking(Plan plan, std::string check, std::uint32_t runs_max)
        : plan_(std::move(plan)), check_(std::move(check)), runs_left_(runs_max) {}

    Plan shrink() {
        shorten(&Plan::clients);
        shorten(&Plan::faults);
        shorten(&Plan::clients);
        return plan_;
    }

  private:
    template <class T>
    void shorten(std::vector<T> Plan::* list) {
        for (auto piece = std::max<std::size_t>((plan_.*list).size() / 2, 1); piece > 0; piece /= 2) {
            for (std::size_t begin = 0; begin < (plan_.*list).size();) {
                auto candidate = plan_;
                auto& items = candidate.*list;
                const auto end = std::min(begin + piece, items.size());
                items.erase(items.begin() + static_cast<std::ptrdiff_t>(begin),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
                if (still_fails(candidate)) {
                    plan_ = std::move(candidate);
                } else {
                    begin += piece;
                }
            }
        }
    }

    bool still_fails(const Plan& plan) {
        if (runs_left_ == 0) return false;
        --runs_left_;
        const auto outcome = run(plan);
        return outcome.violation && outcome.violation->check == check_;
    }

    Plan plan_;
    std::string check_;
    std::uint32_t runs_left_;
};

}  // namespace

Plan shrink(const Plan& plan, const std::string& check, std::uint32_t runs_max) {
    return Shrinking(plan, check, runs_max).shrink();
}

}  // namespace rbees::simulation
