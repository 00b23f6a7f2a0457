# cmake --install: the headers, and the files by which another project's find_package(dope) finds them.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/dope)
set(config ${CMAKE_CURRENT_BINARY_DIR}/package/dopeConfig.cmake)
set(version ${CMAKE_CURRENT_BINARY_DIR}/package/dopeConfigVersion.cmake)
configure_package_config_file(cmake/dopeConfig.cmake.in ${config} INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${version} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)

# Two files of targets, so that dope::rope can be had without those that need Eigen.
target_include_directories(dope_rope INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(dope_rope PROPERTIES EXPORT_NAME rope)
set_target_properties(dope_conformance PROPERTIES EXPORT_NAME conformance)
install(TARGETS dope_rope EXPORT dopeRopeTargets)
install(TARGETS dope dope_conformance EXPORT dopeTargets)
foreach(targets dopeRopeTargets dopeTargets)
  install(EXPORT ${targets} NAMESPACE dope:: DESTINATION ${package_dir})
endforeach()
install(FILES ${config} ${version} cmake/Findxsimd.cmake DESTINATION ${package_dir})
install(DIRECTORY include/dope DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
