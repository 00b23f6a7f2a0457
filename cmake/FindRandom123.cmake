# Random123's headers (it brings nothing else, no configuration file either) as the target Random123::headers.
find_path(Random123_INCLUDE_DIR Random123/philox.h)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Random123 REQUIRED_VARS Random123_INCLUDE_DIR
                                  REASON_FAILURE_MESSAGE
                                  "install librandom123-dev, or set Random123_INCLUDE_DIR")
mark_as_advanced(Random123_INCLUDE_DIR)
if(Random123_FOUND AND NOT TARGET Random123::headers)
  add_library(Random123::headers INTERFACE IMPORTED)
  target_include_directories(Random123::headers INTERFACE ${Random123_INCLUDE_DIR})
endif()
