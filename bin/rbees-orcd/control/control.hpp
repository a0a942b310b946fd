#pragma once
/// @file
/// The control thread: its loop and the parts that live on it.

#include <memory>
#include <string>

#include "control/asio_world.hpp"
#include "control/pool_client.hpp"
#include "control/worker_client.hpp"
#include "rbees/control/demand.hpp"
#include "rbees/control/fleet_control.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/control/model_control.hpp"
#include "rbees/control/session_control.hpp"
#include "rbees/store/journal.hpp"
#include "rbees/store/reader.hpp"
#include "settings.hpp"
#include "store/long_work.hpp"
#include "store/store_archive.hpp"
#include "store/store_journal.hpp"

namespace rbees::orcd {

using control::Checked;
using control::Done;
using control::DoneReply;
using control::FleetControl;
using control::ModelControl;
using control::ModelReply;
using control::SlotAnswer;

/// Owns the parts in the order of their dependency. Made and destroyed on the main thread while the control thread does
/// not run.
class Control {
  public:
    Control(const Settings& settings, store::Journal& journal, std::unique_ptr<store::Reader> reader,
            kernel::State recovered, const Logger& log);

    [[nodiscard]] net::IoContext& io() { return io_; }
    [[nodiscard]] FleetControl& fleet() { return fleet_; }
    [[nodiscard]] control::Demand& demand() { return demand_; }
    [[nodiscard]] control::JobControl& jobs() { return jobs_; }
    [[nodiscard]] control::SessionControl& sessions() { return sessions_; }
    [[nodiscard]] ModelControl& models() { return models_; }

    /// For entities that have ended, which are no longer in memory. On the control thread.
    [[nodiscard]] store::Reader& reader() { return *reader_; }
    [[nodiscard]] store::Journal& journal() { return journal_; }

    /// For what reads all of the journal. Started on the control thread.
    [[nodiscard]] LongWork& long_work() { return long_work_; }

    void start(FleetControl::Publish publish);

    /// Ends the loop. Thread-safe.
    void stop();

  private:
    net::IoContext io_{1};
    store::Journal& journal_;
    LongWork long_work_;
    std::unique_ptr<store::Reader> reader_;
    StoreJournal port_;
    StoreArchive archive_;
    AsioWorld world_;
    PoolClient pools_;
    WorkerClient worker_client_;
    control::Policy policy_;
    FleetControl fleet_;
    control::Demand demand_;
    control::JobControl jobs_;
    control::SessionControl sessions_;
    ModelControl models_;
};

}  // namespace rbees::orcd
