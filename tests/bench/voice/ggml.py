#!/usr/bin/env python3
"""Turn a CTranslate2 Whisper folder into the ggml file that whisper.cpp reads: for the bench's peer.

    ggml.py FOLDER OUT
"""
import json
import math
import struct
import sys
from pathlib import Path

import numpy as np


def read_ct2(path):
    data, at = memoryview(path.read_bytes()), 0

    def take(fmt):
        nonlocal at
        at += struct.calcsize(fmt)
        return struct.unpack_from(fmt, data, at - struct.calcsize(fmt))[0]

    def text():
        nonlocal at
        n = take("<H")
        at += n
        return bytes(data[at - n:at]).rstrip(b"\0").decode()

    assert take("<I") >= 4 and text() == "WhisperSpec"
    take("<I")
    out = {}
    for _ in range(take("<I")):
        name = text()
        dims = [take("<I") for _ in range(take("<B"))]
        kind, size = take("<B"), take("<I")
        if kind in (0, 4):
            out[name] = np.frombuffer(data[at:at + size], {0: "<f4", 4: "<f2"}[kind]).reshape(dims)
        at += size
    return out


def filters(mels):
    top, hz = 15 + math.log(8) * 27 / math.log(6.4), lambda m: m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27)
    edge = [hz(top * i / (mels + 1)) for i in range(mels + 2)]
    out = np.zeros((mels, 201), np.float32)
    for i in range(mels):
        for b in range(201):
            up, down = (40 * b - edge[i]) / (edge[i + 1] - edge[i]), (edge[i + 2] - 40 * b) / (edge[i + 2] - edge[i + 1])
            out[i, b] = max(0, min(up, down)) * 2 / (edge[i + 2] - edge[i])
    return out


def named(w, part, layers):
    """(ggml's name, array) of every layer."""
    plain = {"self_attention/layer_norm": "attn_ln", "self_attention/linear_1": "attn.out",
             "attention/layer_norm": "cross_attn_ln", "attention/linear_0": "cross_attn.query",
             "attention/linear_2": "cross_attn.out", "ffn/layer_norm": "mlp_ln", "ffn/linear_0": "mlp.0",
             "ffn/linear_1": "mlp.2"}
    fused = {"self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
             "attention/linear_1": ("cross_attn.key", "cross_attn.value")}
    kinds = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
    for i in range(layers):
        for theirs, ours in {**plain, **fused}.items():
            for kind, suffix in kinds.items():
                a = w.get(f"{part}/layer_{i}/{theirs}/{kind}")
                if a is None:
                    continue
                names = ours if isinstance(ours, tuple) else (ours,)
                for name, piece in zip(names, np.split(a, len(names))):
                    if not (name.endswith("key") and suffix == "bias"):
                        yield f"{part}.blocks.{i}.{name}.{suffix}", piece


def main(folder, out):
    w = read_ct2(Path(folder) / "model.bin")
    vocab = json.loads((Path(folder) / "tokenizer.json").read_text())["model"]["vocab"]
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte = {chr(b): b for b in seen} | {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in seen)}
    words, positions = w["decoder/embeddings/weight"], w["encoder/position_encodings/encodings"]
    d, text = words.shape[1], w["decoder/position_encodings/encodings"]
    layers = [sum(f"{p}/layer_{i}/ffn/linear_0/weight" in w for i in range(64)) for p in ("encoder", "decoder")]
    tokens = [b""] * (50257 if len(words) > 51864 else 50256)
    for token, i in vocab.items():
        if i < len(tokens):
            tokens[i] = bytes(byte[c] for c in token)
    mels = w["encoder/conv1/weight"].shape[1]
    with open(out, "wb") as f:
        f.write(struct.pack("<12I", 0x67676D6C, len(words), 1500, d, d // 64, layers[0], len(text), d, d // 64, layers[1],
                            mels, 1))
        f.write(struct.pack("<2I", mels, 201) + filters(mels).tobytes() + struct.pack("<I", len(tokens)))
        for t in tokens:
            f.write(struct.pack("<I", len(t)) + t)

        def put(name, a, half):
            a = np.ascontiguousarray(a, "<f2" if half else "<f4")
            f.write(struct.pack("<3I", a.ndim, len(name), half) + struct.pack(f"<{a.ndim}I", *a.shape[::-1]))
            f.write(name.encode() + a.tobytes())

        put("encoder.positional_embedding", positions, 0)
        put("decoder.positional_embedding", text, 0)
        put("decoder.token_embedding.weight", words, 1)
        for i in "12":
            put(f"encoder.conv{i}.weight", w[f"encoder/conv{i}/weight"], 1)
            put(f"encoder.conv{i}.bias", w[f"encoder/conv{i}/bias"].reshape(-1, 1), 0)
        for part, norm, n in (("encoder", "ln_post", layers[0]), ("decoder", "ln", layers[1])):
            put(f"{part}.{norm}.weight", w[f"{part}/layer_norm/gamma"], 0)
            put(f"{part}.{norm}.bias", w[f"{part}/layer_norm/beta"], 0)
            for name, a in named(w, part, n):
                put(name, a, int(a.ndim > 1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
