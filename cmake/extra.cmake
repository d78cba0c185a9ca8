include(cmake/embed.cmake)
sotto_embed(sotto_app ${CMAKE_SOURCE_DIR}/models.lock models_lock_text)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema.sql schema_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_understanding.sql
  schema_understanding_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_tasks.sql schema_tasks_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_calendar.sql
  schema_calendar_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_talk.sql schema_talk_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_commitments.sql
  schema_commitments_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_phrases.sql
  schema_phrases_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_interactions.sql
  schema_interactions_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_bin.sql schema_bin_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_language.sql
  schema_language_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_cues.sql schema_cues_sql)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_settings.sql
  schema_settings_sql)
# The samples that a first visit to the page can read: share/sample becomes part of the program.
file(GLOB_RECURSE SOTTO_SAMPLE_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/share/sample/*)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/sample_data.c
  COMMAND ${CMAKE_COMMAND} -DDIR=${CMAKE_SOURCE_DIR}/share/sample
    -DOUT=${CMAKE_BINARY_DIR}/sample_data.c -P ${CMAKE_SOURCE_DIR}/cmake/sample.cmake
  DEPENDS ${SOTTO_SAMPLE_FILES} ${CMAKE_SOURCE_DIR}/cmake/sample.cmake VERBATIM)
target_sources(sotto_api PRIVATE ${CMAKE_BINARY_DIR}/sample_data.c)

# Libraries that only the confined child loads (dlopen): their headers, and no linking.
foreach(pkg libxml-2.0 poppler-glib glib-2.0 uchardet gmime-3.0 libical libavformat libavcodec
    libavutil)
  string(MAKE_C_IDENTIFIER "PKG_${pkg}" var)
  pkg_check_modules(${var} REQUIRED ${pkg})
  target_include_directories(sotto_ingest SYSTEM PRIVATE ${${var}_INCLUDE_DIRS})
endforeach()
# Likewise those behind the formats of sound, loaded when the first one needs them.
foreach(pkg libavcodec libavutil flac libopusenc alsa)
  string(MAKE_C_IDENTIFIER "PKG_${pkg}" var)
  pkg_check_modules(${var} REQUIRED ${pkg})
  target_include_directories(sotto_audio SYSTEM PRIVATE ${${var}_INCLUDE_DIRS})
endforeach()

# The phonemes and the small voice: loaded when somebody is to be spoken to.
pkg_check_modules(PKG_espeak_ng REQUIRED espeak-ng)
target_include_directories(sotto_voice SYSTEM PRIVATE ${PKG_espeak_ng_INCLUDE_DIRS})
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema_people.sql
  schema_people_sql)
