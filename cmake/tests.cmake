# tests/unit/MODULE/test_NAME.c becomes the program test_NAME, linked with that module, and a ctest.
# tests/fuzz/MODULE/fuzz_NAME.c becomes a replay program over tests/fuzz/corpus/NAME (always) and a
# libFuzzer target (with SOTTO_FUZZ). tests/bench/MODULE/bench_NAME.c becomes bench_NAME.
# tests/e2e/test_NAME.py is run by pytest, in the environment that `setup test` makes, against the
# program of this build. Under a sanitizer every test has that sanitizer's name before its own, so
# that one ctest can run several builds.
enable_testing()
set(slower 1)
if(SOTTO_ASAN)
  set(SOTTO_TEST_PREFIX asan/)
elseif(SOTTO_TSAN)
  set(SOTTO_TEST_PREFIX tsan/)
  set(slower 10) # what the thread sanitizer costs
  set(SOTTO_TEST_RUN sh ${CMAKE_SOURCE_DIR}/tests/sanitized.sh) # no report is lost
else()
  set(SOTTO_TEST_PREFIX "")
endif()
math(EXPR unit_seconds "300 * ${slower}")
math(EXPR e2e_seconds "900 * ${slower}")
set(SOTTO_MODULES base nn text audio net store search llm assistant ingest voice api app)

if(SOTTO_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  foreach(module ${SOTTO_MODULES})
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${module}/test_*.c)
    if(SOTTO_FUZZ)
      set(tests) # that build is for its targets alone
    endif()
    foreach(source ${tests})
      get_filename_component(name ${source} NAME_WE)
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE sotto_${module} PkgConfig::CMOCKA)
      target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
      target_compile_definitions(${name} PRIVATE SOTTO_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        SOTTO_BUILD_DIR="${CMAKE_BINARY_DIR}")
      add_test(NAME ${SOTTO_TEST_PREFIX}unit/${module}/${name} COMMAND ${SOTTO_TEST_RUN} $<TARGET_FILE:${name}>)
      set_tests_properties(${SOTTO_TEST_PREFIX}unit/${module}/${name} PROPERTIES TIMEOUT ${unit_seconds} LABELS unit)
    endforeach()
    file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/${module}/fuzz_*.c)
    foreach(source ${fuzzers})
      get_filename_component(name ${source} NAME_WE)
      string(REPLACE "fuzz_" "" corpus ${name})
      if(SOTTO_FUZZ)
        add_executable(${name} ${source})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
      else()
        add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c)
        add_test(NAME ${SOTTO_TEST_PREFIX}fuzz/${corpus}
          COMMAND ${SOTTO_TEST_RUN} $<TARGET_FILE:${name}> ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
        set_tests_properties(${SOTTO_TEST_PREFIX}fuzz/${corpus} PROPERTIES TIMEOUT ${unit_seconds} LABELS fuzz)
      endif()
      target_link_libraries(${name} PRIVATE sotto_${module})
    endforeach()
  endforeach()
  if(TARGET sotto AND NOT SOTTO_FUZZ)
    file(GLOB suites CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/test_*.py)
    foreach(source ${suites})
      get_filename_component(name ${source} NAME_WE)
      string(REPLACE "test_" "" suite ${name})
      add_test(NAME ${SOTTO_TEST_PREFIX}e2e/${suite}
        COMMAND ${SOTTO_TEST_RUN} ${CMAKE_SOURCE_DIR}/build/venv/bin/python -m pytest -q -rs -p no:cacheprovider ${source}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/e2e)
      set_tests_properties(${SOTTO_TEST_PREFIX}e2e/${suite} PROPERTIES TIMEOUT ${e2e_seconds} LABELS e2e
        ENVIRONMENT "SOTTO_BIN=$<TARGET_FILE:sotto>;SOTTO_BUILD=${SOTTO_TEST_PREFIX};SOTTO_SLOWER=${slower};PYTHONDONTWRITEBYTECODE=1")
    endforeach()
  endif()
  if(NOT SOTTO_FUZZ)
    include(${CMAKE_SOURCE_DIR}/tests/extra.cmake OPTIONAL)
  endif()
endif()

if(SOTTO_BENCH)
  foreach(module ${SOTTO_MODULES})
    file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/${module}/bench_*.c)
    foreach(source ${benches})
      get_filename_component(name ${source} NAME_WE)
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE sotto_${module})
      target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
      target_compile_definitions(${name} PRIVATE SOTTO_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endforeach()
  endforeach()
endif()
