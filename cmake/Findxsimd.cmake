# xsimd's headers as the target xsimd::headers. The package's own configuration file is passed over: Debian's
# asks every user of it to link with xtl, which Debian's xsimd neither needs nor brings.
find_path(xsimd_INCLUDE_DIR xsimd/xsimd.hpp)
if(xsimd_INCLUDE_DIR)
  file(STRINGS ${xsimd_INCLUDE_DIR}/xsimd/config/xsimd_config.hpp lines
       REGEX "define XSIMD_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX MATCHALL "[0-9]+" xsimd_VERSION "${lines}")
  list(JOIN xsimd_VERSION "." xsimd_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xsimd REQUIRED_VARS xsimd_INCLUDE_DIR VERSION_VAR xsimd_VERSION
                                  REASON_FAILURE_MESSAGE
                                  "install libxsimd-dev, or set xsimd_INCLUDE_DIR")
mark_as_advanced(xsimd_INCLUDE_DIR)
if(xsimd_FOUND AND NOT TARGET xsimd::headers)
  add_library(xsimd::headers INTERFACE IMPORTED)
  target_include_directories(xsimd::headers INTERFACE ${xsimd_INCLUDE_DIR})
endif()
