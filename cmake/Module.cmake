# gateway_module(name DEPS other modules LIBS libraries)
#
# A folder src/<name> is one static library `gw_<name>`. Files are found by their names:
#   x.cc        the library          x_test.cc   one test program per module, <name>_test
#   x_bench.cc  one benchmark program per module, <name>_bench
#   testing/x.cc  what only tests and fuzzers use, the library `gw_<name>_testing`
# Modules that reach the protobuf messages share one precompiled header.
function(gateway_module name)
  cmake_parse_arguments(ARG "PROTO" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(testing ${sources})
  list(FILTER testing INCLUDE REGEX "/testing/[a-z0-9_]+\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_(test|bench)\\.cc|/testing/[a-z0-9_]+\\.cc)$")
  if(NOT sources)
    add_library(gw_${name} INTERFACE)
    return()
  endif()

  add_library(gw_${name} STATIC ${sources})
  target_link_libraries(gw_${name} PUBLIC gateway_options PkgConfig::FMT ${ARG_LIBS})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(gw_${name} PUBLIC gw_${dep})
  endforeach()
  if(ARG_PROTO)
    target_link_libraries(gw_${name} PUBLIC gateway_proto)
    target_precompile_headers(gw_${name} REUSE_FROM gateway_pch)
  endif()

  if(testing)
    add_library(gw_${name}_testing STATIC EXCLUDE_FROM_ALL ${testing})
    target_link_libraries(gw_${name}_testing PUBLIC gw_${name})
  endif()

  if(GATEWAY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE gw_${name} gtest gmock gtest_main)
    if(testing)
      target_link_libraries(${name}_test PRIVATE gw_${name}_testing)
    endif()
    if(ARG_PROTO)
      target_precompile_headers(${name}_test REUSE_FROM gateway_pch)
    endif()
    target_compile_definitions(${name}_test PRIVATE
      GATEWAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
  if(GATEWAY_BENCHES AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE gw_${name} benchmark benchmark_main)
    if(ARG_PROTO)
      target_precompile_headers(${name}_bench REUSE_FROM gateway_pch)
    endif()
  endif()
endfunction()
