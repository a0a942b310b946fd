#pragma once
/// @file
/// Another process that keeps a core busy, for tests of how the engine makes room for others.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace rbees::engine::testing {

/// Runs from construction to destruction, and never longer than its parent.
class BusyProcess {
  public:
    BusyProcess() : pid_(::fork()) {
        if (pid_ < 0) throw std::runtime_error("cannot fork");
        if (pid_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        volatile unsigned turns = 0;
        for (;;)
            turns = turns + 1;
    }
    BusyProcess(const BusyProcess&) = delete;
    BusyProcess& operator=(const BusyProcess&) = delete;
    ~BusyProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

  private:
    pid_t pid_;
};

}  // namespace rbees::engine::testing
