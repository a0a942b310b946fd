#pragma once
/// @file
/// The whole of a run: all processes, the faults that befall them, and the rest at the end.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "orcd.hpp"
#include "pool_node.hpp"
#include "rbees/simulation/outcome.hpp"
#include "stage.hpp"

namespace rbees::simulation {

class House : public Directory {
  public:
    House(const Plan& plan, Keeping keeping);
    ~House() override;

    [[nodiscard]] PoolNode* node(const std::string& url) override;
    [[nodiscard]] WorkerProcess* worker(const std::string& url) override;

    /// Runs the plan to its end, or to the first broken promise.
    [[nodiscard]] Outcome run();

  private:
    void enter_clients();
    void enter_faults();
    void keep_workers();
    [[nodiscard]] bool step();

    // Faults.
    void befall(const Fault& fault);
    void befall_worker(const Fault& fault);
    void crash_orcd(Duration lasts);
    void crash_pool(PoolNode& node, Duration lasts);
    void crash_node(PoolNode& node, Duration lasts);
    void start_later(PoolNode& node, Duration lasts);
    void crash_everything(Duration lasts);
    void freeze(Process& process, Duration lasts);
    void cut(Host from, Host to, Duration lasts);
    void cut_apart(Host one, Host other, Duration lasts);
    void change_weather(const Weather& weather, Duration lasts);
    void slow_disk(const Fault& fault);
    void fill_disk(const Fault& fault);
    void fail_loads(PoolNode& node, Duration lasts);
    void disconnect_clients();
    void later(Duration lasts, std::function<void()> what);
    [[nodiscard]] PoolNode& node_of(const Fault& fault);
    [[nodiscard]] WorkerProcess* living_worker(const Fault& fault);

    // The end.
    void calm_down();
    [[nodiscard]] bool is_at_rest() const;
    [[nodiscard]] std::string unrest() const;
    void check_rest();
    void fill_waits(Outcome& outcome) const;

    Plan plan_;
    Stage stage_;
    Orcd orcd_;
    std::vector<std::unique_ptr<PoolNode>> nodes_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::uint32_t still_ = 0;    ///< steps since time went on
    std::uint64_t weather_ = 0;  ///< how often it changed
    bool is_calm_ = false;
};

}  // namespace rbees::simulation
