#include "house/home_lock.hpp"

namespace rbees::ctl {
namespace {

constexpr Duration try_interval = std::chrono::milliseconds(100);

}  // namespace

Checked<FileLock> lock_home(Session& session, const Home& home, Duration limit) {
    return wait_for_lock(session, home.run / "up.lock", limit);
}

Checked<FileLock> wait_for_lock(Session& session, const std::filesystem::path& file, Duration limit) {
    const auto deadline = BootClock::now() + limit;
    while (true) {
        auto lock = FileLock::acquire(file);
        if (lock) return std::move(*lock);
        if (deadline < BootClock::now()) return failed(lock.error());
        if (auto waited = session.loop().wait(try_interval); !waited) return std::unexpected(waited.error());
    }
}

}  // namespace rbees::ctl
