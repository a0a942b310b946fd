# Stands in for a GCC 12 where none is installed: the check in rbees_compiler.cmake must refuse it and say why.
#   cmake -DRBEES_CMAKE= -P old_gcc.cmake
set(CMAKE_CXX_COMPILER_ID "GNU")
set(CMAKE_CXX_COMPILER_VERSION "12.2.0")
include("${RBEES_CMAKE}/rbees_compiler.cmake")
