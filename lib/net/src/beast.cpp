/// @file
/// The one translation unit of Beast (BOOST_BEAST_SEPARATE_COMPILATION).

#include <boost/beast/src.hpp>
