/// @file
/// The one translation unit of Asio; see rbees_asio in rbees_libraries.cmake.

#include <boost/asio/impl/src.hpp>
