# BLIS as the target BLIS::BLIS: blis.h and the library of the same build of it, the serial one first (our
# programs bring their own threads), the static one first (which shared one a program meets at run time is the
# system's choice, and may be a threaded one). Debian keeps each build in a folder of its own.
set(flavours blis-serial blis)
find_path(BLIS_INCLUDE_DIR blis.h PATH_SUFFIXES ${flavours})
find_library(BLIS_LIBRARY NAMES libblis.a blis PATH_SUFFIXES ${flavours})
find_package(Threads)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BLIS REQUIRED_VARS BLIS_LIBRARY BLIS_INCLUDE_DIR Threads_FOUND
                                  REASON_FAILURE_MESSAGE
                                  "install libblis-serial-dev, or set BLIS_INCLUDE_DIR and BLIS_LIBRARY")
mark_as_advanced(BLIS_INCLUDE_DIR BLIS_LIBRARY)
if(BLIS_FOUND AND NOT TARGET BLIS::BLIS)
  add_library(BLIS::BLIS UNKNOWN IMPORTED)
  set_target_properties(BLIS::BLIS PROPERTIES IMPORTED_LOCATION ${BLIS_LIBRARY})
  target_include_directories(BLIS::BLIS INTERFACE ${BLIS_INCLUDE_DIR})
  target_link_libraries(BLIS::BLIS INTERFACE Threads::Threads m)
endif()
