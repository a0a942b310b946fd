# The rules of the house, as build rules.
#
#   rbees_module(NAME PUBLIC other modules... LINK libraries... PRIVATE_LINK libraries...
#                HEADERS include/rbees/<name>/... SOURCES src/... TESTS tests/... TEST_LINK libraries...)
#
# Three things are enforced for every module, each proved by tests/modules:
#   1. it sees only its own include root and those of the modules it declares: any other include is "file not found";
#   2. each public header stands alone (target all_verify_interface_header_sets);
#   3. it links with nothing but what it declares (target <name>_linktest: the whole module, every symbol resolved).
#
#   rbees_binary(NAME MODULES modules... LINK libraries... SOURCES ... TESTS ... )   a program under bin/

include(GoogleTest)

# Turns module names into targets: orchestrator-core -> rbees_orchestrator_core.
function(rbees_targets_of out)
  set(targets)
  foreach(module IN LISTS ARGN)
    string(REPLACE "-" "_" target "rbees_${module}")
    list(APPEND targets ${target})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

function(rbees_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC;LINK;PRIVATE_LINK;HEADERS;SOURCES;TESTS;TEST_MODULES;TEST_LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rbees_module(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "-" "_" folder "${name}")
  set(target "rbees_${folder}")
  rbees_targets_of(modules ${arg_PUBLIC})

  list(TRANSFORM arg_SOURCES PREPEND src/)
  list(TRANSFORM arg_HEADERS PREPEND include/rbees/${folder}/)
  add_library(${target} ${arg_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(${target} PRIVATE src)
  target_link_libraries(${target} PUBLIC ${modules} ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK} PUBLIC rbees_flags)

  rbees_link_test(${target})
  if(arg_TESTS)
    list(TRANSFORM arg_TESTS PREPEND tests/)
    rbees_targets_of(test_modules ${arg_TEST_MODULES})
    rbees_tests(${target}_test "${arg_TESTS}" ${target} ${test_modules} ${arg_TEST_LINK})
    target_include_directories(${target}_test PRIVATE src tests)
  endif()
endfunction()

# Links the whole module against exactly what it declares; an undeclared call is an undefined symbol.
function(rbees_link_test target)
  set(main "${CMAKE_BINARY_DIR}/linktest_main.cpp")
  if(NOT EXISTS "${main}")
    file(WRITE "${main}" "int main() {}\n")
  endif()
  add_executable(${target}_linktest "${main}")
  set_target_properties(${target}_linktest PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/linktests")
  if(BUILD_SHARED_LIBS)
    target_link_options(${target}_linktest PRIVATE -Wl,--no-as-needed -Wl,--no-allow-shlib-undefined)
    # With the private libraries too: lld checks a shared object only when everything that it needs is on the line.
    target_link_libraries(${target}_linktest PRIVATE ${target} $<TARGET_PROPERTY:${target},LINK_LIBRARIES>)
  else()
    target_link_libraries(${target}_linktest PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${target}>)
  endif()
endfunction()

# A GoogleTest program whose tests ctest knows one by one. A folder whose tests must not run beside each other sets
# RBEES_TEST_LOCK to the name of what they share.
function(rbees_tests program sources)
  add_executable(${program} ${sources})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${program} PRIVATE
    ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main rbees_rapidcheck rbees_flags)
  set(lock)
  if(RBEES_TEST_LOCK)
    set(lock RESOURCE_LOCK ${RBEES_TEST_LOCK})
  endif()
  gtest_discover_tests(${program} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120 LABELS ${program} ${lock})
endfunction()

# A program: a thin main.cpp over a library of its own parts, so that the parts can be tested.
function(rbees_binary name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MODULES;LINK;SOURCES;TESTS;TEST_MODULES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rbees_binary(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "-" "_" parts "${name}_parts")
  rbees_targets_of(modules ${arg_MODULES})
  add_library(${parts} STATIC ${arg_SOURCES})
  target_include_directories(${parts} PUBLIC .)
  target_link_libraries(${parts} PUBLIC ${modules} ${arg_LINK} rbees_flags)
  add_executable(${name} main.cpp)
  target_link_libraries(${name} PRIVATE ${parts})
  if(arg_TESTS)
    rbees_targets_of(test_modules ${arg_TEST_MODULES})
    rbees_tests(${parts}_test "${arg_TESTS}" ${parts} ${test_modules})
  endif()
endfunction()
