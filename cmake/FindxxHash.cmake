# xxHash's header, of which the programs use the inline form, as the target xxHash::headers. (Debian's package brings a
# library and a file for pkg-config, but none for CMake.)
find_path(xxHash_INCLUDE_DIR xxhash.h)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xxHash REQUIRED_VARS xxHash_INCLUDE_DIR
                                  REASON_FAILURE_MESSAGE
                                  "install libxxhash-dev, or set xxHash_INCLUDE_DIR")
mark_as_advanced(xxHash_INCLUDE_DIR)
if(xxHash_FOUND AND NOT TARGET xxHash::headers)
  add_library(xxHash::headers INTERFACE IMPORTED)
  target_include_directories(xxHash::headers INTERFACE ${xxHash_INCLUDE_DIR})
endif()
