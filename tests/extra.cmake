# Tests that are no program of one module. Append yours below.
# Names begin with ${SOTTO_TEST_PREFIX} ("asan/" under that sanitizer, empty otherwise).
if(NOT SOTTO_TEST_PREFIX) # the sources are the same in every build
  add_test(NAME style/self-test COMMAND sh ${CMAKE_SOURCE_DIR}/tools/check_style.sh --self-test)
  add_test(NAME style/sources COMMAND sh ${CMAKE_SOURCE_DIR}/tools/check_style.sh ${CMAKE_SOURCE_DIR})
  add_test(NAME style/links COMMAND sh ${CMAKE_SOURCE_DIR}/tools/check_links.sh ${CMAKE_SOURCE_DIR})
  set_tests_properties(style/self-test style/sources style/links
    PROPERTIES TIMEOUT 60 LABELS style)
endif()
# The page's types, form, and state: once, they are the same in every build.
if(NOT SOTTO_TEST_PREFIX)
  foreach(script check format test)
    add_test(NAME page/${script} COMMAND npm run --silent ${script}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/web)
    set_tests_properties(page/${script} PROPERTIES TIMEOUT 600 LABELS page)
  endforeach()
endif()
# kill -9 during writes of the store: 20 times here, 200 with SOTTO_TORTURE=full.
add_executable(store_kill ${CMAKE_SOURCE_DIR}/tests/torture/store_kill.c)
target_link_libraries(store_kill PRIVATE sotto_store)
target_include_directories(store_kill PRIVATE ${CMAKE_SOURCE_DIR}/tests)
add_test(NAME ${SOTTO_TEST_PREFIX}torture/store_kill COMMAND ${SOTTO_TEST_RUN} $<TARGET_FILE:store_kill>)
set_tests_properties(${SOTTO_TEST_PREFIX}torture/store_kill PROPERTIES TIMEOUT ${e2e_seconds} LABELS torture)
# Deaths, hangs and memory grabs of the confined child, and hostile files, sent to a whole server: 40
# here, 1,000 with SOTTO_TORTURE=full.
add_executable(confine_campaign ${CMAKE_SOURCE_DIR}/tests/torture/confine_campaign.c
  ${CMAKE_SOURCE_DIR}/tests/torture/confine_hostile.c)
target_link_libraries(confine_campaign PRIVATE sotto_app)
target_include_directories(confine_campaign PRIVATE ${CMAKE_SOURCE_DIR}/tests)
add_test(NAME ${SOTTO_TEST_PREFIX}torture/confine_campaign COMMAND ${SOTTO_TEST_RUN} $<TARGET_FILE:confine_campaign>)
set_tests_properties(${SOTTO_TEST_PREFIX}torture/confine_campaign
  PROPERTIES TIMEOUT ${e2e_seconds} LABELS torture)
# kill -9 while conversations are held: 20 times here, 200 with SOTTO_TORTURE=full.
add_executable(talk_kill ${CMAKE_SOURCE_DIR}/tests/torture/talk_kill.c)
target_link_libraries(talk_kill PRIVATE sotto_store)
target_include_directories(talk_kill PRIVATE ${CMAKE_SOURCE_DIR}/tests)
add_test(NAME ${SOTTO_TEST_PREFIX}torture/talk_kill COMMAND ${SOTTO_TEST_RUN} $<TARGET_FILE:talk_kill>)
set_tests_properties(${SOTTO_TEST_PREFIX}torture/talk_kill PROPERTIES TIMEOUT ${e2e_seconds} LABELS torture)
# With SOTTO_TORTURE=full it opens all the connections that there may be.
set_tests_properties(${SOTTO_TEST_PREFIX}unit/net/test_limits_exact PROPERTIES LABELS "unit;torture")
# Speech recognition by sanitized code takes its time.
set_tests_properties(${SOTTO_TEST_PREFIX}unit/nn/test_whisper PROPERTIES TIMEOUT ${e2e_seconds})
# The load generator (tests/load): many WebSocket clients, people at work, hostile clients.
add_executable(sotto_load ${CMAKE_SOURCE_DIR}/tests/load/load.c
  ${CMAKE_SOURCE_DIR}/tests/load/load_ws.c ${CMAKE_SOURCE_DIR}/tests/load/load_http.c
  ${CMAKE_SOURCE_DIR}/tests/load/load_attack.c)
target_link_libraries(sotto_load PRIVATE sotto_net)
target_include_directories(sotto_load PRIVATE ${CMAKE_SOURCE_DIR}/tests)
# A short load and a short attack; the long ones are `make bench-server` and `make attack`.
if(TARGET sotto AND NOT SOTTO_FUZZ)
  foreach(kind load attack)
    set(extra "--seconds;6;--active;50;--idle;300;--rate;10;--pings;100;--documents;40")
    if(kind STREQUAL attack)
      list(APPEND extra --attack --attackers 170 --addresses 40 --cap-mib 1024)
    endif()
    add_test(NAME ${SOTTO_TEST_PREFIX}load/${kind} COMMAND ${SOTTO_TEST_RUN} ${CMAKE_SOURCE_DIR}/build/venv/bin/python
      ${CMAKE_SOURCE_DIR}/tests/load/server.py ${extra})
    set_tests_properties(${SOTTO_TEST_PREFIX}load/${kind} PROPERTIES TIMEOUT ${unit_seconds} LABELS e2e
      ENVIRONMENT "SOTTO_BIN=$<TARGET_FILE:sotto>;SOTTO_LOAD=$<TARGET_FILE:sotto_load>;SOTTO_SLOWER=${slower};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
  add_test(NAME ${SOTTO_TEST_PREFIX}load/mixed COMMAND ${SOTTO_TEST_RUN} ${CMAKE_SOURCE_DIR}/build/venv/bin/python
    ${CMAKE_SOURCE_DIR}/tests/load/mixed.py --seconds 6 --documents 20 --files 30)
  set_tests_properties(${SOTTO_TEST_PREFIX}load/mixed PROPERTIES TIMEOUT ${unit_seconds} LABELS e2e
    ENVIRONMENT "SOTTO_BIN=$<TARGET_FILE:sotto>;SOTTO_LOAD=$<TARGET_FILE:sotto_load>;SOTTO_SLOWER=${slower};PYTHONDONTWRITEBYTECODE=1")
endif()
# Every system call and allocation failing, once and for ever, in scenarios with the real server: a
# few of each kind here, all of them with SOTTO_TORTURE=full. Not under a sanitizer: its allocator
# and its calls would be in the way of the library's.
if(TARGET sotto AND NOT SOTTO_FUZZ AND NOT SOTTO_TEST_PREFIX)
  add_library(faults SHARED ${CMAKE_SOURCE_DIR}/tests/torture/faults.c)
  target_include_directories(faults PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_options(faults PRIVATE -fno-builtin)
  target_link_libraries(faults PRIVATE ${CMAKE_DL_LIBS})
  add_library(loop_calls SHARED ${CMAKE_SOURCE_DIR}/tests/torture/loop_calls.c)
  target_compile_options(loop_calls PRIVATE -fno-builtin)
  target_link_libraries(loop_calls PRIVATE ${CMAKE_DL_LIBS})
  add_test(NAME torture/faults COMMAND ${CMAKE_SOURCE_DIR}/build/venv/bin/python
    ${CMAKE_SOURCE_DIR}/tests/torture/fault_campaign.py)
  set_tests_properties(torture/faults PROPERTIES TIMEOUT 28800 LABELS torture
    ENVIRONMENT "SOTTO_BIN=$<TARGET_FILE:sotto>;SOTTO_FAULT_LIBRARY=$<TARGET_FILE:faults>;PYTHONDONTWRITEBYTECODE=1")
endif()
# A race that nobody hears of must fail its test.
if(SOTTO_TSAN AND SOTTO_TESTS)
  add_executable(racy ${CMAKE_SOURCE_DIR}/tests/support/racy.c)
  target_compile_options(racy PRIVATE -O0)
  add_test(NAME ${SOTTO_TEST_PREFIX}style/sanitized
    COMMAND sh -c "sh ${CMAKE_SOURCE_DIR}/tests/sanitized.sh $<TARGET_FILE:racy>; test $? = 66")
  set_tests_properties(${SOTTO_TEST_PREFIX}style/sanitized PROPERTIES TIMEOUT 60 LABELS style)
endif()
