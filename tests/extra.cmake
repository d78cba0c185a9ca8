# Tests that are no program of one module. Append yours below.
add_test(NAME style/self-test COMMAND sh ${CMAKE_SOURCE_DIR}/tools/check_style.sh --self-test)
add_test(NAME style/sources COMMAND sh ${CMAKE_SOURCE_DIR}/tools/check_style.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(style/self-test style/sources PROPERTIES TIMEOUT 60 LABELS style)
