# Configures and builds the fixture in a folder of its own, and checks how that ends. Script mode:
#   cmake -DFIXTURE= -DSCRATCH= -DRBEES_CMAKE= -DGENERATOR= -DCOMPILER= -DLEAK= -DSHARED=
#         -DTARGETS="a;b" -DEXPECT= [-DSTAGE=configure] -P try_fixture.cmake
# EXPECT is a regular expression that the output of the failure matches; empty means that everything must succeed.

file(REMOVE_RECURSE "${SCRATCH}")
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${FIXTURE} -B ${SCRATCH} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
          -DCMAKE_BUILD_TYPE=Debug -DBUILD_SHARED_LIBS=${SHARED} -DRBEES_CMAKE=${RBEES_CMAKE} -DLEAK=${LEAK}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(NOT STAGE STREQUAL "configure")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the fixture does not configure:\n${output}")
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH} --target ${TARGETS}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
endif()

if(EXPECT STREQUAL "")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the fixture without a leak must build:\n${output}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "the leak '${LEAK}' was not caught:\n${output}")
elseif(NOT output MATCHES "${EXPECT}")
  message(FATAL_ERROR "failed, but not with '${EXPECT}':\n${output}")
endif()
