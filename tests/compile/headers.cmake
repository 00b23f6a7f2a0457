# Reads every header under ${INCLUDE}/dope, as text: what no single compilation can show of all of them.
#
#   - Each includes core/compiler.hpp, by itself or by what it includes: any header says so where C++20 is absent.
#   - Each includes core/ieee.hpp too, or is listed here as one whose law holds under -ffast-math.
#   - None uses a name that <windows.h>, <complex.h>, <termios.h>, X11 or another library is known to define as a
#     macro, whatever branch of a #if it stands in.
#   - Errors leave by dope::fail (core/error.hpp), so that exceptions can be disabled.
cmake_minimum_required(VERSION 3.25)

set(without_ieee
    conformance/array.hpp conformance/cause.hpp core/aligned.hpp core/compiler.hpp core/convert.hpp core/error.hpp core/ieee.hpp core/philox.hpp core/scalar.hpp
    core/alternatives.hpp core/side.hpp core/view.hpp denoise/head.hpp denoise/names.hpp rope/pairing.hpp rope/registers.hpp
    rope/registers_avx2.hpp rope/registers_avx512.hpp rope/registers_avx512_convert.hpp rope/registers_neon.hpp
    rope/registers_portable.hpp rope/rotate.hpp rope/rotate_kernel.hpp rope/table_view.hpp spectral/matrix.hpp)
set(macros near far NEAR FAR small hyper interface pascal cdecl PASCAL CDECL I E IN OUT OPTIONAL CONST ERROR NO_ERROR
    DELETE TRUE FALSE VOID BOOL THIS STRICT ABSOLUTE RELATIVE TRANSPARENT OPAQUE IGNORE Yield rad1 rad2 grp1 stc1 pow10
    ECHO B0 B50 CR0 NL0 TAB0 None True False Bool Status Success Always Never Above Below Unsorted Complex Convex
    Nonconvex Root DOMAIN SING OVERFLOW UNDERFLOW PI unix linux major minor makedev signals slots emit foreach forever
    nil Nil YES NO _U _L _N _S _P _C _X _B)
list(JOIN macros "|" macros)

file(GLOB_RECURSE headers RELATIVE ${INCLUDE}/dope ${INCLUDE}/dope/*.hpp)
if(NOT headers)
  message(FATAL_ERROR "no headers under ${INCLUDE}/dope")
endif()
list(SORT headers)
set(violations "")

foreach(header ${headers})
  file(READ ${INCLUDE}/dope/${header} text)
  # A list separator, and brackets that would hide it, are nothing to look for.
  string(REGEX REPLACE "[][;]" " " text "${text}")
  string(REGEX MATCHALL "#include \"dope/[^\"]*\"" lines "${text}")
  list(TRANSFORM lines REPLACE "#include \"dope/([^\"]*)\"" "\\1")
  set(direct_${header} ${lines})

  string(REGEX REPLACE "//[^\n]*" "" code "${text}")
  string(REGEX REPLACE "\"([^\"\\\n]|\\\\.)*\"" "\"\"" code "${code}")
  string(REGEX MATCHALL "(^|[^A-Za-z0-9_])(${macros})[^A-Za-z0-9_]" found "${code}")
  string(REGEX MATCHALL "[A-Za-z:]*[^A-Za-z0-9_](min|max)[(]" called "${code}")
  foreach(name ${found} ${called})
    string(STRIP "${name}" name)
    list(APPEND violations "${header} uses the name of a macro: ${name}")
  endforeach()
  if(NOT header STREQUAL "core/error.hpp" AND code MATCHES "[^A-Za-z_](throw|catch)[^A-Za-z_]")
    if(NOT header STREQUAL "conformance/check.hpp")
      list(APPEND violations "${header} throws or catches by itself")
    endif()
  endif()
endforeach()

foreach(header ${headers})
  set(reached ${header})
  set(open ${header})
  while(open)
    list(POP_BACK open next)
    foreach(included ${direct_${next}})
      if(NOT included IN_LIST reached)
        list(APPEND reached ${included})
        list(APPEND open ${included})
      endif()
    endforeach()
  endwhile()
  if(NOT "core/compiler.hpp" IN_LIST reached)
    list(APPEND violations "${header} does not include core/compiler.hpp")
  endif()
  if(header IN_LIST without_ieee AND NOT header STREQUAL "core/ieee.hpp")
    if("core/ieee.hpp" IN_LIST reached)
      list(APPEND violations "${header} includes core/ieee.hpp, though its law holds under -ffast-math")
    endif()
  elseif(NOT "core/ieee.hpp" IN_LIST reached)
    list(APPEND violations "${header} does not include core/ieee.hpp")
  endif()
endforeach()

if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "include/dope:\n  ${text}")
endif()
