# sotto_embed(TARGET FILE SYMBOL): FILE becomes `const char SYMBOL[]` (NUL-terminated) and
# `const size_t SYMBOL_size`, compiled into TARGET. The assembler reads the file itself, so nothing
# has to be generated; the build knows the dependency.
enable_language(ASM)
function(sotto_embed target file symbol)
  set(stub ${CMAKE_BINARY_DIR}/embed/${symbol}.S)
  file(CONFIGURE OUTPUT ${stub} CONTENT "
  .section .rodata
  .global ${symbol}
  .global ${symbol}_size
  .hidden ${symbol}
  .hidden ${symbol}_size
  .balign 16
  .type ${symbol}, %object
${symbol}:
  .incbin \"${file}\"
9:
  .byte 0
  .size ${symbol}, . - ${symbol}
  .balign 8
  .type ${symbol}_size, %object
${symbol}_size:
  .quad 9b - ${symbol}
  .size ${symbol}_size, 8
  .section .note.GNU-stack,\"\",%progbits
" @ONLY)
  set_source_files_properties(${stub} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${stub})
endfunction()
