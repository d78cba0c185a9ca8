#!/usr/bin/env python3
"""Writes src/nn/wordpiece_tables.h from what the reference tokenizer does with every code point.

The reference is the `tokenizers` library with the model's own normalizer and pre-tokenizer
(BertNormalizer: clean text, space CJK, NFD and strip marks, lower-case; BertPreTokenizer). Nothing
is taken from a Unicode database of our own, so that a table can not disagree with the reference's
Unicode version. The script then decodes its tables again and compares every code point.

    pip install tokenizers
    tools/gen_wordpiece_tables.py > src/nn/wordpiece_tables.h
"""
import sys
import unicodedata

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

NORM = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
PRE = BertPreTokenizer()
ALL = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
WORD, DROP, DROP_START, SPACE, PUNCT, ALONE, MAP1, MAPN, HANGUL, MARK = range(10)
NAMES = ["WP_WORD", "WP_DROP", "WP_DROP_START", "WP_SPACE", "WP_PUNCT", "WP_ALONE", "WP_MAP1",
         "WP_MAPN", "WP_HANGUL", "WP_MARK"]


def norm(s):
    return NORM.normalize_str(s)


def hangul(c):
    s = c - 0xAC00
    out = chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28)
    return out + (chr(0x11A7 + s % 28) if s % 28 else "")


def final_class(c, cache={}):
    """What the pre-tokenizer makes of a character of normalised text."""
    if c not in cache:
        pieces = [p for p, _ in PRE.pre_tokenize_str("a" + chr(c) + "a")]
        cache[c] = {1: WORD, 2: SPACE, 3: PUNCT}[len(pieces)]
    return cache[c]


def main():
    out = {c: norm(chr(c)) for c in ALL}
    # Marks that survive and have a canonical combining class: their order may change.
    marks = [c for c in ALL if unicodedata.combining(chr(c)) and out[c] == chr(c)]

    def swaps(a, b):
        return norm("a" + chr(a) + chr(b)) == "a" + chr(b) + chr(a)

    above = {a: {b for b in marks if b != a and swaps(a, b)} for a in marks}
    marks = [a for a in marks if above[a] or any(a in above[b] for b in marks)]
    levels = sorted({len(above[a] & set(marks)) for a in marks})
    rank = {a: 1 + levels.index(len(above[a] & set(marks))) for a in marks}
    for a in marks:
        for b in marks:
            assert a == b or swaps(a, b) == (rank[a] > rank[b]), (hex(a), hex(b))
    low, high = min(marks, key=rank.get), max(marks, key=rank.get)
    moved = "a" + chr(low) + chr(high)
    for c in ALL:  # no other survivor takes part in the reordering
        if out[c] and c not in rank and chr(c) != "a":
            assert norm("a" + chr(high) + chr(c) + chr(low)) == \
                "a" + chr(high) + out[c] + chr(low) or out[c][-1] in map(chr, marks), hex(c)

    cls = {}
    map1, mapn = {}, {}
    for c in ALL:
        s = out[c]
        if s == "":
            cls[c] = DROP if norm("a" + chr(high) + chr(c) + chr(low)) == moved else DROP_START
        elif 0xAC00 <= c <= 0xD7A3:
            assert s == hangul(c)
            cls[c] = HANGUL
        elif c in rank:
            cls[c] = MARK
        elif s == " ":
            cls[c] = SPACE
        elif s == chr(c):
            cls[c] = {WORD: WORD, PUNCT: PUNCT}[final_class(c)]
        elif s[0] == " ":
            assert len(s) == 3 and s[2] == " " and final_class(ord(s[1])) == WORD
            if s[1] == chr(c):
                cls[c] = ALONE
            else:
                cls[c] = MAP1
                map1[c] = (ord(s[1]), 1)
        elif len(s) == 1:
            cls[c] = MAP1
            # A mapped mark would need reordering by its target: let mapn take the general road.
            assert ord(s) not in rank
            map1[c] = (ord(s), 1 if final_class(ord(s)) == PUNCT else 0)
            assert final_class(ord(s)) != SPACE
        else:
            cls[c] = MAPN
            mapn[c] = [ord(x) for x in s]
            assert all(final_class(x) in (WORD, PUNCT) for x in mapn[c])
            assert all(final_class(x) == WORD for x in mapn[c]), hex(c)

    ranges = []
    previous = None
    for c in range(0x110000):
        k = cls.get(c, DROP)  # surrogates never come out of a UTF-8 decoder
        if k != previous:
            ranges.append((c, k))
            previous = k
    runs = []  # [first, last, step, delta, alone]
    for c in sorted(map1):
        to, alone = map1[c]
        if runs:
            r = runs[-1]
            step = c - r[1]
            if r[3] == to - c and r[4] == alone and (step == r[2] or (r[0] == r[1] and step <= 2)):
                r[1], r[2] = c, step
                continue
        runs.append([c, c, 1, to - c, alone])

    # Decode again, as wordpiece.c does, and compare.
    import bisect
    starts, firsts = [r[0] for r in ranges], [r[0] for r in runs]
    for c in ALL:
        k = ranges[bisect.bisect_right(starts, c) - 1][1]
        assert k == cls[c]
        if k == MAP1:
            r = runs[bisect.bisect_right(firsts, c) - 1]
            assert r[0] <= c <= r[1] and (c - r[0]) % r[2] == 0
            assert (c + r[3], r[4]) == map1[c]

    print("/* wordpiece_tables.h - what the reference tokenizer does with each code point.")
    print(" * Made by tools/gen_wordpiece_tables.py from tokenizers %s; do not edit. */"
          % tokenizers.__version__)
    print("#ifndef SOTTO_NN_WORDPIECE_TABLES_H\n#define SOTTO_NN_WORDPIECE_TABLES_H\n")
    print("#include <stdint.h>\n")
    print("enum {\n    " + ",\n    ".join(NAMES) + "\n};\n")

    def table(decl, cells):
        print("static const %s[] = {" % decl)
        line = "   "
        for cell in cells:
            if len(line) + len(cell) + 2 > 100:
                print(line)
                line = "   "
            line += " " + cell + ","
        print(line + "\n};\n")

    print("/* Code points from here to the next entry: code point << 4 | class. */")
    table("uint32_t wp_ranges", ["0x%x" % (c << 4 | k) for c, k in ranges])
    print("/* WP_MAP1: first, last, step, the distance to the one character it becomes, and whether that\n"
          " * stands alone as a word (CJK, punctuation). */")
    print("typedef struct {\n    uint32_t first, last;\n    int32_t delta;\n    uint8_t step, alone;\n"
          "} WpRun;\n")
    table("WpRun wp_runs", ["{0x%x, 0x%x, %d, %d, %d}" % (a, b, d, s, al) for a, b, s, d, al in runs])
    pool, entries = [], []
    for c in sorted(mapn):
        s = mapn[c]
        at = next((i for i in range(len(pool)) if pool[i:i + len(s)] == s), None)
        if at is None:
            at = len(pool)
            pool += s
        entries.append("{0x%x, %d, %d}" % (c, at, len(s)))
    print("/* WP_MAPN: several characters, in wp_pool. */")
    print("typedef struct {\n    uint32_t cp;\n    uint16_t at;\n    uint8_t n;\n} WpMany;\n")
    table("WpMany wp_many", entries)
    table("uint32_t wp_pool", ["0x%x" % x for x in pool])
    print("/* WP_MARK: marks that survive and are put in canonical order: code point << 4 | rank. */")
    table("uint32_t wp_marks", ["0x%x" % (a << 4 | rank[a]) for a in sorted(marks)])
    print("#endif")
    print("ranges %d runs %d many %d pool %d marks %d" %
          (len(ranges), len(runs), len(mapn), len(pool), len(marks)), file=sys.stderr)


main()
