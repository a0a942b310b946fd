# Third-party libraries, all from Debian packages; docs/third-party.md lists their licences.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(fmt REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(GTest REQUIRED)
find_path(RBEES_RAPIDCHECK_INCLUDE rapidcheck.h REQUIRED)
find_library(RBEES_RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
add_library(rbees_rapidcheck INTERFACE)
target_include_directories(rbees_rapidcheck SYSTEM INTERFACE ${RBEES_RAPIDCHECK_INCLUDE})
target_link_libraries(rbees_rapidcheck INTERFACE ${RBEES_RAPIDCHECK_LIBRARY})

# Asio compiled once (BOOST_ASIO_SEPARATE_COMPILATION, set for all our code): whatever uses Asio links this, because its
# services must exist once in a process. `net` and `process` do.
add_library(rbees_asio "${CMAKE_CURRENT_LIST_DIR}/asio.cpp")
target_link_libraries(rbees_asio PUBLIC Boost::headers Threads::Threads rbees_flags)
