# Compiles "#include <${HEADER}>" with ${COMPILER} and ${FLAGS}, and is content if that ends in one error whose text
# matches ${MESSAGE}, and nothing else but the line that ends the compilation there.
cmake_minimum_required(VERSION 3.25)

string(MD5 name "${COMPILER} ${FLAGS} ${HEADER}")
set(source ${FOLDER}/refused_${name}.cpp)
file(WRITE ${source} "#include <${HEADER}>\n")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(COMMAND ${COMPILER} ${flags} -fsyntax-only ${source} RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_QUIET)
file(REMOVE ${source})
string(REGEX MATCHALL "[^\n]*error: [^\n]*" errors "${said}")
list(FILTER errors EXCLUDE REGEX "fatal error: .*the compilation ends here")
list(LENGTH errors number)
if(status EQUAL 0 OR NOT number EQUAL 1 OR NOT errors MATCHES "${MESSAGE}")
  message(FATAL_ERROR "${HEADER} with ${FLAGS}: status ${status}, ${number} errors, expected one of \"${MESSAGE}\":\n${said}")
endif()
