# One static library a module, from the sources in its folder. sotto_module(NAME DIRS... [DEPS ...]).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(sotto_module name)
  cmake_parse_arguments(M "" "" "DIRS;DEPS;PKGS" ${ARGN})
  set(sources)
  foreach(dir ${M_DIRS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${dir}/*.c)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    add_library(sotto_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(sotto_${name} STATIC ${sources})
    set(scope PUBLIC)
  endif()
  target_include_directories(sotto_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  foreach(dep ${M_DEPS})
    target_link_libraries(sotto_${name} ${scope} sotto_${dep})
  endforeach()
  foreach(pkg ${M_PKGS})
    string(MAKE_C_IDENTIFIER "PKG_${pkg}" var)
    if(NOT TARGET PkgConfig::${var})
      pkg_check_modules(${var} REQUIRED IMPORTED_TARGET GLOBAL ${pkg})
    endif()
    target_link_libraries(sotto_${name} ${scope} PkgConfig::${var})
  endforeach()
endfunction()

sotto_module(base DIRS base PKGS jansson libcrypto)
target_link_libraries(sotto_base PUBLIC Threads::Threads m ${CMAKE_DL_LIBS})
sotto_module(nn DIRS nn DEPS base PKGS zlib)
sotto_module(text DIRS text DEPS base)
sotto_module(audio DIRS audio DEPS base)
sotto_module(net DIRS net DEPS base PKGS libssl libnghttp2)
sotto_module(store DIRS store store/sqlite store/qdrant DEPS net base PKGS sqlite3)
sotto_module(search DIRS search DEPS store nn text)
sotto_module(llm DIRS llm DEPS store net)
sotto_module(ingest DIRS ingest DEPS search store nn text audio)
sotto_module(assistant DIRS assistant DEPS search llm store nn text net)
sotto_module(voice DIRS voice DEPS llm nn text audio)
sotto_module(api DIRS api DEPS ingest assistant voice search net)
# The page's files become part of the program.
file(GLOB_RECURSE SOTTO_PAGE_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*
  ${CMAKE_SOURCE_DIR}/web/public/* ${CMAKE_SOURCE_DIR}/web/lite/*)
list(APPEND SOTTO_PAGE_FILES ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/pack.mjs
  ${CMAKE_SOURCE_DIR}/web/vite.config.ts ${CMAKE_SOURCE_DIR}/web/package-lock.json)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/assets_data.c
  COMMAND ${CMAKE_SOURCE_DIR}/tools/build_page ${CMAKE_BINARY_DIR}/assets_data.c
  DEPENDS ${SOTTO_PAGE_FILES} ${CMAKE_SOURCE_DIR}/tools/build_page
    ${CMAKE_SOURCE_DIR}/cmake/assets.cmake
  VERBATIM)
target_sources(sotto_api PRIVATE ${CMAKE_BINARY_DIR}/assets_data.c)
sotto_module(app DIRS app DEPS api)

include(cmake/extra.cmake OPTIONAL)

if(EXISTS ${CMAKE_SOURCE_DIR}/src/main.c)
  add_executable(sotto ${CMAKE_SOURCE_DIR}/src/main.c)
  target_link_libraries(sotto PRIVATE sotto_app)
  set_target_properties(sotto PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()
