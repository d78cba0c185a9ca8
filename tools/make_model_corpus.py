#!/usr/bin/env python3
"""Write the seed files of the fuzz targets ggml, ct2 and bpe: small files of those formats, good and bad.

    make_model_corpus.py FOLDER        (tests/fuzz/corpus)
"""
import struct
import sys
from pathlib import Path


def ggml(tensors, tokens=(b"a", b" b", b""), mels=2, bins=3, magic=0x67676D6C):
    out = struct.pack("<12I", magic, 51864, 1500, 128, 2, 1, 448, 128, 2, 1, 80, 1)
    out += struct.pack("<2I", mels, bins) + struct.pack(f"<{mels * bins}f", *range(mels * bins))
    out += struct.pack("<I", len(tokens)) + b"".join(struct.pack("<I", len(t)) + t for t in tokens)
    for name, kind, dims, data in tensors:
        out += struct.pack("<3I", len(dims), len(name), kind) + struct.pack(f"<{len(dims)}I", *reversed(dims))
        out += name.encode() + data
    return out


def text(s):
    return struct.pack("<H", len(s) + 1) + s.encode() + b"\0"


def ct2(variables, aliases=(), spec="WhisperSpec", version=6):
    out = struct.pack("<I", version) + text(spec) + struct.pack("<2I", 3, len(variables))
    for name, kind, dims, data in variables:
        out += text(name) + struct.pack(f"<B{len(dims)}I", len(dims), *dims) + struct.pack("<BI", kind, len(data)) + data
    return out + struct.pack("<I", len(aliases)) + b"".join(text(a) + text(b) for a, b in aliases)


HALF = struct.pack("<e", 0.5)
GGML = {
    "good": ggml([("encoder.positional_embedding", 0, [2, 3], struct.pack("<6f", *range(6))),
                  ("encoder.conv1.weight", 1, [2, 2, 3], HALF * 12), ("q4_0", 2, [2, 32], (HALF + bytes(range(16))) * 2),
                  ("q4_1", 3, [1, 32], HALF * 2 + bytes(range(16))), ("q5_0", 6, [1, 32], HALF + b"\x55" * 4 + b"\x21" * 16),
                  ("q5_1", 7, [1, 32], HALF * 2 + b"\xaa" * 4 + b"\x21" * 16), ("q8_0", 8, [32], HALF + bytes(range(32)))]),
    "cut": ggml([("a", 0, [2, 3], b"\0" * 20)]),
    "no-block": ggml([("a", 8, [33], b"\0" * 40)]),
    "huge": ggml([("a", 0, [4294967295, 4294967295], b"")]),
    "infinite": ggml([("a", 0, [1], struct.pack("<f", float("inf")))]),
    "no-tokens": ggml([], tokens=()),
    "wrong-mark": ggml([], magic=0x12345678),
}
CT2 = {
    "good": ct2([("decoder/embeddings/weight", 4, [2, 3], HALF * 6), ("encoder/num_heads", 2, [], b"\2\0"),
                 ("encoder/layer_0/self_attention/linear_0/weight", 0, [6, 1], struct.pack("<6f", *range(6))),
                 ("encoder/layer_0/self_attention/linear_0/bias", 5, [6], b"\x80\x3f" * 6)],
                [("decoder/projection/weight", "decoder/embeddings/weight")]),
    "odd-parts": ct2([("encoder/layer_0/self_attention/linear_0/weight", 4, [4, 1], HALF * 4)]),
    "quantised": ct2([("decoder/embeddings/weight", 1, [2, 3], b"123456")]),
    "int8": ct2([("decoder/embeddings/weight", 1, [2, 4], b"\x7f\x81\0\1\2\3\4\5"),
                 ("decoder/embeddings/weight_scale", 0, [2], struct.pack("<2f", 1000, 500)),
                 ("encoder/layer_0/self_attention/linear_0/weight", 1, [3, 1], b"\1\2\3"),
                 ("encoder/layer_0/self_attention/linear_0/weight_scale", 0, [3], struct.pack("<3f", 1, 2, 3))]),
    "int8-zero-scale": ct2([("decoder/embeddings/weight", 1, [1, 4], b"\0\1\2\3"),
                            ("decoder/embeddings/weight_scale", 0, [1], struct.pack("<f", 0))]),
    "int8-few-scales": ct2([("decoder/embeddings/weight", 1, [2, 4], b"\0\1\2\3\4\5\6\7"),
                            ("decoder/embeddings/weight_scale", 0, [1], struct.pack("<f", 1))]),
    "int16": ct2([("decoder/embeddings/weight", 2, [1, 2], b"\0\1\2\3")]),
    "wrong-size": ct2([("decoder/embeddings/weight", 4, [2, 3], HALF * 5)]),
    "twice": ct2([("encoder/conv1/bias", 4, [1], HALF)] * 2),
    "cut": ct2([("encoder/conv1/bias", 4, [1], HALF)])[:-6],
    "other": ct2([], spec="TransformerSpec"),
}


def bpe():
    tokens = [bytes([i]) for i in range(256)] + [b"ab"]
    mask = 1023
    slots = [0] * (mask + 1)
    for i, t in enumerate(tokens):
        h = 0x811C9DC5
        for b in t:
            h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
        at = ((h ^ h >> 15) * 0x85EBCA6B & 0xFFFFFFFF) >> 7 & mask
        while slots[at]:
            at = at + 1 & mask
        slots[at] = i + 1
    offsets, data = [0], b"".join(tokens)
    for t in tokens:
        offsets.append(offsets[-1] + len(t))
    return struct.pack(f"<4I{len(slots)}I{len(offsets)}I", 0x31504253, len(tokens), mask, len(data), *slots, *offsets) + data


BPE = {"structure": bpe(), "full-table": bpe().replace(b"\0\0\0\0", b"\1\0\0\0"),
       "words": "The thing isn't there; it'll   be 1234 naïve café…\n\n\t x".encode(), "bytes": bytes(range(256))}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for kind, files in (("ggml", GGML), ("ct2", CT2), ("bpe", BPE)):
        folder = Path(sys.argv[1]) / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
