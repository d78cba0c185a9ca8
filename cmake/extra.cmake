include(cmake/embed.cmake)
sotto_embed(sotto_app ${CMAKE_SOURCE_DIR}/models.lock models_lock_text)
