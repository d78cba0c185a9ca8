#!/usr/bin/env python3
"""Compares src/nn/wordpiece.c with the reference tokenizer on generated and real strings.

    tools/check_wordpiece.py TOKENIZER.json BENCH_ENCODER MODEL.sotto [--count N] [--seed S]
        [--text FILE ...] [--golden OUT --pick N]

TOKENIZER.json is the model's own (the reference is the `tokenizers` library with the 256-token cut of
sentence-transformers); BENCH_ENCODER the program of tests/bench/nn. Ends with 1 on any difference and
prints the first. --golden writes N of the strings and their ids for tests/unit/nn.
"""
import argparse
import json
import random
import struct
import subprocess
import sys
import threading
import unicodedata

from tokenizers import Tokenizer

parser = argparse.ArgumentParser()
parser.add_argument("tokenizer")
parser.add_argument("program")
parser.add_argument("model")
parser.add_argument("--count", type=int, default=120000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--text", nargs="*", default=[])
parser.add_argument("--golden")
parser.add_argument("--pick", type=int, default=400)
args = parser.parse_args()

reference = Tokenizer.from_file(args.tokenizer)
reference.no_padding()
reference.no_truncation()
vocab = [w for w in reference.get_vocab()]
rng = random.Random(args.seed)

ALL = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
ASSIGNED = [c for c in ALL if unicodedata.category(chr(c)) not in ("Cn", "Co")]
BY_CATEGORY = {}
for c in ASSIGNED:
    BY_CATEGORY.setdefault(unicodedata.category(chr(c)), []).append(c)
MARKS = [c for k in ("Mn", "Mc", "Me") for c in BY_CATEGORY[k]]
REORDERED = [c for c in MARKS if unicodedata.combining(chr(c))]
BLOCKS = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2FF), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x58F),
          (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xB80, 0xBFF), (0xE00, 0xE7F),
          (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x214F),
          (0x2190, 0x22FF), (0x3000, 0x30FF), (0x3130, 0x318F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
          (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFF),
          (0x10000, 0x107FF), (0x16F00, 0x16FFF), (0x1D100, 0x1D7FF), (0x1E900, 0x1E95F),
          (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2EBE0), (0x2F800, 0x2FA1F),
          (0xE0000, 0xE01EF)]
SPECIAL = ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "[cls]", "[MAS", "[", "]", "##", "##ing"]


def chars(n, source):
    return "".join(chr(rng.choice(source)) for _ in range(n))


def block(n):
    a, b = rng.choice(BLOCKS)
    return chars(n, [c for c in range(a, b + 1) if not 0xD800 <= c <= 0xDFFF])


def word():
    w = rng.choice(vocab)
    w = w[2:] if w.startswith("##") and len(w) > 2 else w
    return rng.choice([w, w.upper(), w.title(), w + rng.choice(vocab).lstrip("#"),
                       "".join(c + chr(rng.choice(MARKS)) if rng.random() < .2 else c for c in w)])


def marks_run():
    return "a" + chars(rng.randint(1, 8), REORDERED if rng.random() < .7 else MARKS) + rng.choice(["", "b"])


def huge():
    n = rng.choice([98, 99, 100, 101, 102, 150, 400])
    kind = rng.random()
    if kind < .4:
        return "x" * n
    if kind < .7:
        return chars(n, rng.choice([range(0x61, 0x7B), range(0x3B1, 0x3CA), range(0xAC00, 0xAC40)]))
    return "".join("e" + chr(rng.choice(MARKS)) for _ in range(n))


def piece():
    k = rng.random()
    if k < .45:
        return word()
    if k < .60:
        return block(rng.randint(1, 6))
    if k < .66:
        return chars(rng.randint(1, 4), ASSIGNED)
    if k < .70:
        return chars(rng.randint(1, 3), BY_CATEGORY[rng.choice(list(BY_CATEGORY))])
    if k < .80:
        return marks_run()
    if k < .84:
        return rng.choice(SPECIAL)
    if k < .86:
        return chars(1, ALL)
    if k < .88:
        return huge()
    if k < .94:
        return rng.choice("!?.,;:'\"()-_/\\@#$%^&*+=<>|~`{}")
    return str(rng.randint(0, 10 ** rng.randint(1, 12)))


def invalid(data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        k = rng.random()
        if k < .5:
            data[at:at] = bytes(rng.choice([0x80, 0xC0, 0xC3, 0xE2, 0xED, 0xF0, 0xF5, 0xFF])
                                for _ in range(rng.randint(1, 3)))
        elif data:
            data[min(at, len(data) - 1)] = rng.randint(0, 255)
    return bytes(data)


def generate():
    n = rng.choice([1, 1, 2, 3, 5, 8, 13, 40, 200 if rng.random() < .1 else 20])
    seps = rng.choice([[" "], [""], [" ", "", "\t", "\n", " ", "\u3000", "\u200b", "\r\n"]])
    text = "".join(piece() + rng.choice(seps) for _ in range(n))
    data = text.encode("utf-8")
    return invalid(data) if rng.random() < .1 else data


strings = [chr(c).encode() for c in ALL if rng.random() < .02] + [b"", b" ", b"[CLS]", b"\x00"]
strings += [("a" + chr(c) + "b").encode() for c in MARKS]
for path in args.text:
    with open(path, "rb") as f:
        for line in f.read().split(b"\n"):
            if line.strip():
                strings.append(line)
real = len(strings)
while len(strings) < args.count:
    strings.append(generate())

program = subprocess.Popen([args.program, "serve", "int8", args.model], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE)


def send():
    out = program.stdin
    out.write(b"T" + struct.pack("<II", len(strings), 0))
    for s in strings:
        out.write(struct.pack("<I", len(s)) + s)
    out.close()


threading.Thread(target=send, daemon=True).start()
bad = longer = 0
golden = []
for i, s in enumerate(strings):
    total, n = struct.unpack("<II", program.stdout.read(8))
    ids = list(struct.unpack("<%dI" % n, program.stdout.read(4 * n)))
    want = reference.encode(s.decode("utf-8", errors="replace")).ids
    longer += len(want) > 256
    if total != len(want) or ids != want[:256]:
        bad += 1
        if bad <= 3:
            print("difference in string %d: %r\n  ours %d %r\n  want %d %r" %
                  (i, s, total, ids, len(want), want))
    elif len(s) < 200:
        golden.append((s, want))
print("%d strings (%d single characters, marks and real lines), %d longer than 256 tokens, "
      "%d differences" % (len(strings), real, longer, bad))
if args.golden:
    rng.shuffle(golden)
    with open(args.golden, "w") as f:
        for s, want in golden[:args.pick]:
            f.write(s.hex() + " " + ",".join(map(str, want)) + "\n")
sys.exit(bad != 0)
