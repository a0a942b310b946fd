# Which compilers build rbees, and with which flags.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "rbees cannot be built with GCC ${CMAKE_CXX_COMPILER_VERSION}: GCC before 13 silently miscompiles coroutines "
    "(for example `if (co_await f())` without a local variable before it).\n"
    "Use clang-19:  cmake --preset dev   (Debian: apt-get install clang-19 lld-19)")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

option(BUILD_SHARED_LIBS "Modules as shared objects, so that a missing link dependency shows early" OFF)
option(RBEES_FUZZ "Programs of libFuzzer (tests/fuzz); RBEES_SANITIZE must hold fuzzer-no-link" OFF)
set(RBEES_SANITIZE "" CACHE STRING "Sanitizers for our own code, as in -fsanitize=")

# The same object files serve every checkout and every build folder of it.
find_program(RBEES_CCACHE ccache)
if(RBEES_CCACHE)
  set(launcher env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${RBEES_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher} CACHE STRING "")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} CACHE STRING "")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()

add_library(rbees_flags INTERFACE)
target_compile_options(rbees_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers
  -fstack-protector-strong -fvisibility-inlines-hidden)
target_compile_definitions(rbees_flags INTERFACE
  _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
option(RBEES_PLANTED_BUGS "Bugs on purpose (base/planted.hpp): for rbees-sim alone, never for users" OFF)
if(RBEES_PLANTED_BUGS)
  target_compile_definitions(rbees_flags INTERFACE RBEES_PLANTED_BUGS)
endif()
if(RBEES_SANITIZE)
  target_compile_options(rbees_flags INTERFACE -fsanitize=${RBEES_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(rbees_flags INTERFACE -fsanitize=${RBEES_SANITIZE})
else()
  target_compile_definitions(rbees_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  target_link_options(rbees_flags INTERFACE $<$<CONFIG:Release>:-pie> $<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
endif()
