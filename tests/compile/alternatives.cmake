# One more alternative in every variant, and one more value in every enumeration, that functions go through by
# hand: each of these functions must refuse to compile, by the message of its static_assert.
#
# A copy of include/ (with EXAMPLES, of examples/ too) gets the alternatives; the unchanged copy, the twin, must
# compile. The messages are read from the sources, so that none can be forgotten here.
cmake_minimum_required(VERSION 3.25)

set(variants Transform Amount Scaling Entropy Task AttentionPattern)
set(enumerations Stage ScoredSide GqaPolicy HeadRole Side Pairing Angles RampEnds Order Reading Threshold Spread
    NormScale Centring RowScaling Accumulation Cause Claim Origin)

file(REMOVE_RECURSE ${WORK})
file(COPY ${ROOT}/include DESTINATION ${WORK}/twin)
file(COPY ${ROOT}/include DESTINATION ${WORK}/more)
set(patterns include/*.hpp)
if(EXAMPLES)
  file(COPY ${ROOT}/examples DESTINATION ${WORK}/more PATTERN model EXCLUDE)
  list(APPEND patterns examples/*.hpp examples/*.cpp)
endif()
list(TRANSFORM patterns PREPEND ${WORK}/more/)
file(GLOB_RECURSE files ${patterns})

# Every static_assert that counts alternatives: its type and its message. Semicolons and brackets, which lists of
# CMake take for their own, are none of these texts' business.
set(expected "")
set(units "")
foreach(file ${files})
  file(READ ${file} text)
  string(REPLACE ";" "@" text "${text}")
  string(REPLACE "[" "@" text "${text}")
  string(REPLACE "]" "@" text "${text}")
  string(REGEX MATCHALL "alternatives<[A-Za-z:]+>(::value)? == [0-9]+,[ \n]*\"[^\"]+\"" asserts "${text}")
  foreach(assert ${asserts})
    string(REGEX REPLACE ".*\"([^\"]+)\"" "\\1" message "${assert}")
    list(APPEND expected "${message}")
  endforeach()
  if(asserts AND file MATCHES "[.]cpp$")
    list(APPEND units ${file})
  endif()
endforeach()
list(LENGTH expected number)
if(number LESS 40)
  message(FATAL_ERROR "${number} functions that count alternatives: expected 40 at least")
endif()

function(add_alternatives)
  foreach(file ${files})
    file(READ ${file} text)
    set(changed "${text}")
    foreach(name ${variants})
      string(REGEX REPLACE "using ${name} =([ \n]*)std::variant<([^>]*)>"
                           "struct OneMore${name} { bool operator==(const OneMore${name}&) const = default; };\nusing ${name} =\\1std::variant<\\2, OneMore${name}>" changed "${changed}")
    endforeach()
    foreach(name ${enumerations})
      string(REGEX REPLACE "enum class ${name} {([^}]*[a-z0-9_]),?([ \n]*)}" "enum class ${name} {\\1, one_more\\2}" changed
                           "${changed}")
    endforeach()
    if(NOT changed STREQUAL text)
      file(WRITE ${file} "${changed}")
    endif()
  endforeach()
endfunction()
add_alternatives()

# Names of enumerations are templates: they are asked for.
set(unit "#include \"dope/dope.hpp\"\n#include \"dope/conformance.hpp\"\n")
string(APPEND unit "template class dope::PlannedRope<float>;\nauto a = dope::name_of(dope::Order{});\nauto b = dope::parse<dope::Stage>(\"\");\n")
file(WRITE ${WORK}/twin/unit.cpp "${unit}")
foreach(file ${units})
  string(APPEND unit "#include \"${file}\"\n")
endforeach()
file(WRITE ${WORK}/more/unit.cpp "${unit}")
if(units)
  list(APPEND FLAGS -I${WORK}/more/examples -I${WORK}/more/examples/lab)
endif()
list(APPEND expected "EnumNames: a name for each value" "Cause: a text for each value")

execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${WORK}/twin/include ${FLAGS} ${WORK}/twin/unit.cpp
                RESULT_VARIABLE twin ERROR_VARIABLE said)
if(NOT twin EQUAL 0)
  message(FATAL_ERROR "the unchanged headers do not compile:\n${said}")
endif()
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -w ${NO_LIMIT} -I${WORK}/more/include ${FLAGS} ${WORK}/more/unit.cpp
                RESULT_VARIABLE more ERROR_VARIABLE said)
if(more EQUAL 0)
  message(FATAL_ERROR "headers with one more alternative everywhere compile")
endif()
set(silent "")
foreach(message ${expected})
  string(FIND "${said}" "${message}" at)
  if(at EQUAL -1)
    list(APPEND silent "${message}")
  endif()
endforeach()
if(silent)
  list(JOIN silent "\n  " silent)
  message(FATAL_ERROR "one more alternative is not noticed by\n  ${silent}")
endif()
message(STATUS "${number} functions refuse one more alternative")
