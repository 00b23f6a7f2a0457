# How this project's own programs, tests and benches are compiled. Consumers of dope::dope never see it.
option(DOPE_NATIVE "Compile the programs for the processor at hand" ON)
set(DOPE_SANITIZE "" CACHE STRING "Sanitizers for programs and tests, e.g. address,undefined")

add_library(dope_options INTERFACE)
target_compile_options(dope_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns inside its own avx512fintrin.h (GCC bug 105593).
  target_compile_options(dope_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(DOPE_NATIVE)
  target_compile_options(dope_options INTERFACE -march=native)
endif()
if(DOPE_SANITIZE)
  target_compile_options(dope_options INTERFACE -fsanitize=${DOPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(dope_options INTERFACE -fsanitize=${DOPE_SANITIZE})
endif()
target_link_libraries(dope_options INTERFACE dope::dope)
