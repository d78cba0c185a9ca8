#!/usr/bin/env python3
"""Write src/nn/bpe_tables.h: which code points are letters, numbers or white space.

    gen_bpe_tables.py > src/nn/bpe_tables.h

The classes are Unicode's L and N as Python's unicodedata has them, and White_Space as regular
expressions take it: what the byte-level BPE of GPT-2 and Whisper splits a text by.
"""
import unicodedata


def ranges(of):
    out, start = [], None
    for cp in range(0x110001):
        inside = cp < 0x110000 and of(chr(cp))
        if inside and start is None:
            start = cp
        elif not inside and start is not None:
            out.append((start, cp - 1))
            start = None
    return out


SPACE = {0x9, 0xA, 0xB, 0xC, 0xD, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F,
         0x3000}
CLASSES = (("letter", lambda c: unicodedata.category(c)[0] == "L"),
           ("number", lambda c: unicodedata.category(c)[0] == "N"),
           ("space", lambda c: ord(c) in SPACE))

print("/* bpe_tables.h - classes of characters; made by tools/gen_bpe_tables.py, do not edit.")
print(f" * Unicode {unicodedata.unidata_version}. */")
print("#ifndef SOTTO_NN_BPE_TABLES_H\n#define SOTTO_NN_BPE_TABLES_H\n\n#include <stdint.h>\n")
print("typedef struct {\n    uint32_t from, to;\n} BpeRange;\n")
for name, of in CLASSES:
    print(f"static const BpeRange bpe_{name}[] = {{")
    line = "   "
    for a, b in ranges(of):
        item = f" {{0x{a:x}, 0x{b:x}}},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line + "\n};\n")
print("#endif")
