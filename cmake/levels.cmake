# One binary for several x86-64 levels, the code of each sealed off from the others.
#
# Inline functions and instances of templates are the same symbols whatever target they are compiled for, and the
# linker keeps one copy of each: in a plain program that might be the one with AVX-512, called where there is none.
# So the objects of a level are joined (ld -r --force-group-allocation), and all of their symbols but the entry
# become local (objcopy --keep-global-symbol); the entry gets the level's name as suffix. Code is put in the section
# dope_code_LEVEL, static constructors are listed in dope_start_LEVEL: who calls an entry runs them first.
#
# Levels: baseline (x86-64), v3 (x86-64-v3), v4 (x86-64-v4). DOPE_HAS_LEVELS tells whether they can be made: on
# Linux on x86-64, with g++ or clang++ and GNU binutils, without sanitizers. Elsewhere sources are compiled once, and
# the entry keeps its name.
include_guard()
include(CheckCXXCompilerFlag)
set(dope_levels_script ${CMAKE_CURRENT_LIST_DIR}/levels.ld.in)
set(dope_level_names baseline v3 v4)
set(dope_march_baseline x86-64)
set(dope_march_v3 x86-64-v3)
set(dope_march_v4 x86-64-v4)

set(DOPE_HAS_LEVELS OFF)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND NOT DOPE_SANITIZE)
  check_cxx_compiler_flag(-march=x86-64-v4 DOPE_HAS_MARCH_LEVELS)
  check_cxx_compiler_flag(-fno-gnu-unique DOPE_HAS_NO_GNU_UNIQUE)
  find_program(DOPE_LD NAMES ld.bfd ld)
  find_program(DOPE_OBJCOPY NAMES objcopy)
  mark_as_advanced(DOPE_LD DOPE_OBJCOPY)
  if(DOPE_HAS_MARCH_LEVELS AND DOPE_LD AND DOPE_OBJCOPY)
    set(DOPE_HAS_LEVELS ON)
  endif()
endif()

# Compile a target for a level. Unique symbols would be shared by all levels.
function(dope_compile_for target level)
  target_compile_options(${target} PRIVATE -march=${dope_march_${level}})
  if(DOPE_HAS_NO_GNU_UNIQUE)
    target_compile_options(${target} PRIVATE -fno-gnu-unique)
  endif()
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
endfunction()

# A rule for the file `output`: the objects of the targets in ARGN, of one level, sealed off but for ENTRY_LEVEL.
function(dope_seal output level entry)
  set(objects)
  foreach(target IN LISTS ARGN)
    list(APPEND objects $<TARGET_OBJECTS:${target}>)
  endforeach()
  set(script ${CMAKE_CURRENT_BINARY_DIR}/levels_${level}.ld)
  configure_file(${dope_levels_script} ${script} @ONLY)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${DOPE_LD} -r --force-group-allocation -T ${script} -o ${output} ${objects}
    COMMAND ${DOPE_OBJCOPY} --redefine-sym ${entry}=${entry}_${level} --keep-global-symbol=${entry}_${level} ${output}
    DEPENDS ${ARGN} ${objects} ${script}
    COMMENT "Sealing ${entry}_${level}"
    VERBATIM COMMAND_EXPAND_LISTS)
endfunction()

# dope_add_levels(NAME ENTRY symbol SOURCES file... LIBRARIES target...)
#
# A static library NAME of the sources, compiled once per level. ENTRY: the name of a function with C linkage, defined
# in the sources; NAME has it as ENTRY_baseline, ENTRY_v3 and ENTRY_v4, and nothing else. Where there are no levels,
# as ENTRY. Users of NAME see DOPE_LEVELS defined where there are levels. LIBRARIES may not set -march.
function(dope_add_levels name)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "ENTRY" "SOURCES;LIBRARIES")
  if(NOT DOPE_HAS_LEVELS)
    add_library(${name} STATIC ${given_SOURCES})
    target_link_libraries(${name} PUBLIC ${given_LIBRARIES})
    return()
  endif()
  set(sealed)
  foreach(level IN LISTS dope_level_names)
    add_library(${name}_${level} OBJECT ${given_SOURCES})
    target_link_libraries(${name}_${level} PRIVATE ${given_LIBRARIES})
    dope_compile_for(${name}_${level} ${level})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}_${level}.o)
    dope_seal(${object} ${level} ${given_ENTRY} ${name}_${level})
    list(APPEND sealed ${object})
  endforeach()
  set_source_files_properties(${sealed} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  add_library(${name} STATIC ${sealed})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX DOPE_SEALED "${sealed}")
  target_link_libraries(${name} INTERFACE ${given_LIBRARIES})
  target_compile_definitions(${name} INTERFACE DOPE_LEVELS)
endfunction()
