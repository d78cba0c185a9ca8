include(cmake/embed.cmake)
sotto_embed(sotto_app ${CMAKE_SOURCE_DIR}/models.lock models_lock_text)
sotto_embed(sotto_store ${CMAKE_SOURCE_DIR}/src/store/sqlite/schema.sql schema_sql)
