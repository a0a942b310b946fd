#pragma once
/// @file
/// Health, readiness and version of orcd and of the nodes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace rbees::contracts {

/// `GET /health`: open, so it says nothing about users' data.
struct Health {
    std::string status;     ///< "healthy", "draining"
    std::string node_type;  ///< "orchestrator", "pool"
    std::string agent;      ///< "rbees-orcd"
    std::string version;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, node_type, agent, version))

/// `GET /ready`: 200 when requests can be served, else 503 with the reasons. `degraded` says what does not work
/// although requests are served: the disk is full or cannot be written to.
struct Readiness {
    bool ready = false;
    std::vector<std::string> reasons;
    std::optional<std::vector<std::string>> degraded;
    std::uint32_t nodes = 0;
    std::uint32_t workers = 0;
};
BOOST_DESCRIBE_STRUCT(Readiness, (), (ready, reasons, degraded, nodes, workers))

struct Version {
    std::string version;
    std::string api;  ///< "v2"
    std::string compiler;
    std::string build_type;
    std::uint32_t worker_protocol = 1;
    std::uint32_t journal_schema = 0;
};
BOOST_DESCRIBE_STRUCT(Version, (), (version, api, compiler, build_type, worker_protocol, journal_schema))

/// A running process, as its file in the home's state folder says it; what `rbees status` reads.
struct ProcessFile {
    std::string name;  ///< "rbees-orcd"
    std::int32_t pid = 0;
    std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat
    std::string boot_id;
    std::optional<std::string> url;
};
BOOST_DESCRIBE_STRUCT(ProcessFile, (), (name, pid, start_time, boot_id, url))

}  // namespace rbees::contracts
