# llama.cpp as the imported target `rbees_llama`: static libraries and headers out of the cache.
#
# RBEES_LLAMA_PREFIX chooses the installation; without it the recipe beside this file builds or finds one.

set(RBEES_LLAMA_PREFIX "" CACHE PATH "An installation made by third_party/llama/build.sh; empty = build or find it")

# A build folder stays with or without CUDA until the environment says otherwise.
if(DEFINED ENV{RBEES_LLAMA_CUDA})
  set(RBEES_LLAMA_CUDA "$ENV{RBEES_LLAMA_CUDA}" CACHE STRING "As build.sh says" FORCE)
endif()
set(RBEES_LLAMA_CUDA "" CACHE STRING "As build.sh says")

function(rbees_find_llama out)
  if(RBEES_LLAMA_PREFIX)
    set(ENV{RBEES_LLAMA_PREFIX} "${RBEES_LLAMA_PREFIX}")
  endif()
  set(ENV{RBEES_LLAMA_CUDA} "${RBEES_LLAMA_CUDA}")
  execute_process(COMMAND "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/build.sh"
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "llama.cpp is not there; the lines above say why. "
      "Set RBEES_LLAMA_PREFIX to an installation, or RBEES_LLAMA_SOURCE (environment) to a source folder.")
  endif()
  set(${out} "${prefix}" PARENT_SCOPE)
endfunction()

function(rbees_import_llama)
  rbees_find_llama(prefix)
  message(STATUS "llama.cpp: ${prefix}")

  # The compiler knows where its OpenMP lives; the static libraries do not say.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libomp.so
    OUTPUT_VARIABLE openmp OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT EXISTS "${openmp}")
    message(FATAL_ERROR "OpenMP's libomp.so is missing: apt-get install libomp-19-dev")
  endif()

  set(libraries)
  foreach(name server-context llama-common llama-common-base mtmd llama ggml ggml-cpu ggml-cuda ggml-base
          vendor-hash cpp-httplib)
    if(EXISTS "${prefix}/lib/lib${name}.a")
      list(APPEND libraries "${prefix}/lib/lib${name}.a")
    endif()
  endforeach()
  if(EXISTS "${prefix}/lib/libggml-cuda.a")
    # CMake 3.25 looks for a library that CUDA 13 has no more, unless the project may be built by an older CMake.
    set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
    find_package(CUDAToolkit REQUIRED)
    list(APPEND libraries CUDA::cudart CUDA::cublas CUDA::cuda_driver)
  endif()

  add_library(rbees_llama INTERFACE)
  target_include_directories(rbees_llama SYSTEM INTERFACE "${prefix}/include/llama" "${prefix}/include/server"
    "${prefix}/include/mtmd" "${prefix}/include/common" "${prefix}/include/vendor")
  target_link_libraries(rbees_llama INTERFACE
    "$<LINK_GROUP:RESCAN,${libraries}>" "${openmp}" Threads::Threads ${CMAKE_DL_LIBS} m)
  set_property(TARGET rbees_llama PROPERTY RBEES_LLAMA_SERVER "${prefix}/bin/llama-server")
endfunction()

if(NOT TARGET rbees_llama)
  rbees_import_llama()
endif()
