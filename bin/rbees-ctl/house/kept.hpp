#pragma once
/// @file
/// What `rbees up` keeps for every later start of a home: the address and the model that were chosen.

#include <boost/describe/class.hpp>
#include <optional>
#include <string>

#include "rbees/base/home.hpp"

namespace rbees::ctl {

/// `state/up.json`
struct Kept {
    std::optional<std::string> listen;  ///< "127.0.0.1:43211"; absent while the option `listen` is good enough
    std::optional<std::string> model;   ///< absent while no `rbees up` named one
};
BOOST_DESCRIBE_STRUCT(Kept, (), (listen, model))

/// Nothing kept when there is no such file, or it cannot be read as one.
[[nodiscard]] Kept read_kept(const Home& home);
[[nodiscard]] Result<void> write_kept(const Home& home, const Kept& kept);

}  // namespace rbees::ctl
