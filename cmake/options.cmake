# How this project's own programs, tests and benches are compiled. Who merely uses dope::dope gets none of it.
option(DOPE_NATIVE "Compile the programs for the processor at hand" ON)
set(DOPE_MARCH "" CACHE STRING "Compile programs and tests for this processor (-march=), in place of DOPE_NATIVE; e.g. x86-64-v3")
option(DOPE_PORTABLE "Make each program one binary for several x86-64 levels, in place of DOPE_NATIVE" OFF)
option(DOPE_UNITY "Compile a folder of tests, or of a program's parts, as one unit: less time in all, from nothing" OFF)
set(DOPE_SANITIZE "" CACHE STRING "Sanitizers for programs and tests, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

# A warning stops the build on the compilers the project is proven with; on any other it stays a warning.
if(NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
  set(compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  if(compiler MATCHES "^(GNU 12|Clang 14)\\.")
    set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
  endif()
endif()

# dope_options: how everything is compiled; dope_portable_options: the same without the processor at hand.
add_library(dope_portable_options INTERFACE)
target_link_libraries(dope_portable_options INTERFACE dope::dope)
target_compile_options(dope_portable_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
# GCC 12 warns of its own AVX-512 intrinsics' undefined lanes, and of "text" + std::string, for no reason.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(dope_portable_options INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized -Wno-restrict)
endif()
# GCC notes, of a pair of doubles, that before version 10 it passed one in another way on Arm.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  target_compile_options(dope_portable_options INTERFACE -Wno-psabi)
endif()
# The programs put heads side by side; a matrix product inside a head starts no threads of its own.
target_compile_definitions(dope_portable_options INTERFACE EIGEN_DONT_PARALLELIZE)

add_library(dope_options INTERFACE)
target_link_libraries(dope_options INTERFACE dope_portable_options)
if(DOPE_MARCH)
  if(DOPE_PORTABLE)
    message(FATAL_ERROR "given DOPE_MARCH=${DOPE_MARCH} and DOPE_PORTABLE, which has levels of its own: expected one of them")
  endif()
  target_compile_options(dope_options INTERFACE -march=${DOPE_MARCH})
elseif(DOPE_NATIVE AND NOT DOPE_PORTABLE AND NOT CMAKE_CROSSCOMPILING)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-march=native DOPE_HAS_MARCH_NATIVE)
  if(DOPE_HAS_MARCH_NATIVE)
    target_compile_options(dope_options INTERFACE -march=native)
  else()
    check_cxx_compiler_flag(-mcpu=native DOPE_HAS_MCPU_NATIVE)
    if(DOPE_HAS_MCPU_NATIVE)
      target_compile_options(dope_options INTERFACE -mcpu=native)
    endif()
  endif()
endif()

if(DOPE_SANITIZE)
  target_compile_options(dope_portable_options INTERFACE -fsanitize=${DOPE_SANITIZE} -fno-sanitize-recover=all
                                                         -fno-omit-frame-pointer)
  target_compile_definitions(dope_portable_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(dope_portable_options INTERFACE -fsanitize=${DOPE_SANITIZE})
endif()

include(${CMAKE_CURRENT_LIST_DIR}/levels.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/programs.cmake)
if(DOPE_PORTABLE)
  if(NOT DOPE_HAS_LEVELS)
    message(FATAL_ERROR "DOPE_PORTABLE is ON: given ${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}, sanitizers "
                        "\"${DOPE_SANITIZE}\", expected Linux on x86_64 with GNU binutils, and no sanitizers")
  endif()
  if(DOPE_HAS_NO_GNU_UNIQUE)
    target_compile_options(dope_options INTERFACE -fno-gnu-unique)
  endif()
endif()
