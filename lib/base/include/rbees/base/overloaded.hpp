#pragma once
/// @file
/// Several lambdas as one visitor, for std::visit over a variant of commands or records.

namespace rbees {

template <class... Lambdas>
struct overloaded : Lambdas... {
    using Lambdas::operator()...;
};

}  // namespace rbees
