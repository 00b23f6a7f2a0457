# Toolchain of Debian's cross compiler for 64-bit Arm; what is built runs under qemu-user:
#   cmake --toolchain cmake/aarch64-linux-gnu.cmake ...
# Libraries are taken from the target's folder alone. Headers and the package files of libraries that are headers
# only are also taken from the build machine: Debian's cross compiler reads /usr/include itself, after its own.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

if(NOT DEFINED CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
endif()
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)  # for clang++; g++ is a program of its own for each target

set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

find_program(DOPE_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(DOPE_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${DOPE_QEMU_AARCH64} -L ${CMAKE_FIND_ROOT_PATH})
endif()
