# The engine as a library for other projects:
#
#   cmake --install build/release --component engine --prefix /usr/local
#
#   find_package(symphony REQUIRED)
#   target_link_libraries(mine PRIVATE symphony::symphony)      # C++20; for C, the project has to enable CXX, too
#
# One static archive of base, crdt and the C interface, the headers of include/symphony, and the package files.
# What it installs stands in the component `engine`, so that it needs nothing of the server.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(tl-expected REQUIRED)

list(TRANSFORM SYMPHONY_WINGS REPLACE "(.+)" "$<TARGET_OBJECTS:symphony_crdt_\\1>" OUTPUT_VARIABLE wings)
add_library(symphony_engine STATIC $<TARGET_OBJECTS:symphony_base> ${wings} $<TARGET_OBJECTS:symphony_c>)
set_target_properties(symphony_engine PROPERTIES OUTPUT_NAME symphony EXPORT_NAME symphony)
target_compile_features(symphony_engine INTERFACE cxx_std_20)
target_include_directories(symphony_engine INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(symphony_engine INTERFACE tl::expected)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/symphony)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/symphony-config.cmake.in
                              ${PROJECT_BINARY_DIR}/symphony-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/symphony-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)

install(TARGETS symphony_engine EXPORT symphony-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT engine)
install(EXPORT symphony-targets NAMESPACE symphony:: DESTINATION ${package_dir} COMPONENT engine)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/symphony
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT engine)
install(FILES ${PROJECT_BINARY_DIR}/symphony-config.cmake ${PROJECT_BINARY_DIR}/symphony-config-version.cmake
        DESTINATION ${package_dir} COMPONENT engine)
