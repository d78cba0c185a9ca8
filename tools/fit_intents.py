#!/usr/bin/env python3
"""Makes src/assistant/intents_weights.h from the examples in share/intents. Needs numpy and scipy.

  fit_intents.py BENCH_INTENTS MODEL            fits, calibrates, writes the header
  fit_intents.py BENCH_INTENTS MODEL --compare  also prints what nearest examples would do instead

BENCH_INTENTS is the program build/dev/bench_intents: it splits and embeds sentences as the product
does. MODEL is the converted encoder. What comes out is the same for the same examples and encoder.
tests/data/intents/calibration.tsv says what a probability is worth; test.tsv is never looked at.
"""
import random
import re
import struct
import subprocess
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "share" / "intents"
VARIANTS = 7  # sentences made of one line with {slots} or (choices)

def read_sections(path):
    out, name = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        m = re.fullmatch(r"\[([a-z_0-9/]+)\]", line)
        if m:
            name = m.group(1)
            out.setdefault(name, [])
        else:
            out[name].append(line)
    return out

SLOTS = read_sections(DATA / "slots.txt")

def expand_once(line, rng):
    while True:
        m = re.search(r"\(([^()]*)\)", line)
        if not m:
            break
        line = line[:m.start()] + rng.choice(m.group(1).split("|")) + line[m.end():]
    line = re.sub(r"\{([a-z_0-9]+)\}", lambda m: rng.choice(SLOTS[m.group(1)]), line)
    return " ".join(line.split())

def expand(line):
    if "{" not in line and "(" not in line:
        return [line]
    rng = random.Random(zlib.crc32(line.encode()))
    out = []
    for _ in range(VARIANTS * 4):
        e = expand_once(line, rng)
        if e not in out:
            out.append(e)
        if len(out) == VARIANTS:
            break
    return out

def examples():
    """(class, group, sentence): the variants of one line are one group."""
    rows, group = [], 0
    for path in sorted(DATA.glob("*.txt")):
        if path.name == "slots.txt":
            continue
        for name, lines in read_sections(path).items():
            for line in lines:
                rows += [(name, group, s) for s in expand(line)]
                group += 1
    return rows

def embed(program, model, sentences):
    p = subprocess.run([program, "embed", model], input="\n".join(sentences).encode() + b"\n",
                       stdout=subprocess.PIPE, check=True)
    at, texts, vectors = 0, [], []
    while at < len(p.stdout):
        (n,) = struct.unpack_from("<I", p.stdout, at)
        texts.append(p.stdout[at + 4:at + 4 + n].decode())
        vectors.append(np.frombuffer(p.stdout, "<f4", 384, at + 4 + n))
        at += 4 + n + 4 * 384
    return texts, np.array(vectors, dtype=np.float64)


FEATURE_SCALE = 0.35  # beside an embedding of unit length
FEATURE_LINES = 8     # a word is a feature when that many lines of examples have it
PENALTY = 3e-6


def features(sentence):
    w = sentence.split()
    out = {"u " + x for x in w}
    if w:
        out.add("f " + w[0])
    if len(w) > 1:
        out.add(f"g {w[0]} {w[1]}")
    return out


def frequent(texts, groups):
    lines = defaultdict(set)
    for text, group in zip(texts, groups):
        for f in features(text):
            lines[f].add(group)
    return sorted((f for f in lines if len(lines[f]) >= FEATURE_LINES), key=str.encode)


def matrix(texts, embeddings, names):
    at = {f: i for i, f in enumerate(names)}
    out = np.zeros((len(texts), len(names)))
    for i, text in enumerate(texts):
        for f in features(text) & at.keys():
            out[i, at[f]] = FEATURE_SCALE
    return np.hstack([embeddings, out])


def fit(x, y, classes):
    """Softmax regression with an L2 penalty; a class weighs as the root of its examples."""
    n, d = x.shape
    xb = np.hstack([x, np.ones((n, 1))])
    counts = np.bincount(y, minlength=classes)
    weight = 1 / np.sqrt(counts[y])
    weight /= weight.sum()
    onehot = np.zeros((n, classes))
    onehot[np.arange(n), y] = 1

    def loss(flat):
        w = flat.reshape(d + 1, classes)
        s = xb @ w
        s -= s.max(1, keepdims=True)
        p = np.exp(s)
        p /= p.sum(1, keepdims=True)
        value = -(weight * np.log(p[np.arange(n), y] + 1e-300)).sum() + PENALTY * (w[:-1] ** 2).sum()
        grad = xb.T @ ((p - onehot) * weight[:, None])
        grad[:-1] += 2 * PENALTY * w[:-1]
        return value, grad.ravel()

    found = minimize(loss, np.zeros((d + 1) * classes), jac=True, method="L-BFGS-B",
                     options={"maxiter": 300})
    return found.x.reshape(d + 1, classes)


def quantise(w):
    scale = np.abs(w[:-1]).max(0) / 127
    return np.rint(w[:-1] / scale).astype(int), scale, w[-1]


def softmax(s):
    p = np.exp(s - s.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def table():
    """action -> kind, from the table of src/assistant/intents_info.c."""
    text = (ROOT / "src/assistant/intents_info.c").read_text()
    return dict(re.findall(r'\{"([a-z_]+)", INTENT_([A-Z]+),', text))


def judge(p, actions, kinds):
    """Of each row: the kind that wins, its probability, the best action in it, its probability."""
    names = sorted(set(actions))
    pa = np.stack([p[:, [i for i, a in enumerate(actions) if a == n]].sum(1) for n in names], 1)
    order = sorted(set(kinds.values()))
    of = np.array([kinds[n] for n in names])
    pk = np.stack([pa[:, of == k].sum(1) for k in order], 1)
    kind = [order[i] for i in pk.argmax(1)]
    best = [int(np.where(of == k, row, -1).argmax()) for k, row in zip(kind, pa)]
    return (kind, pk.max(1), [names[b] for b in best], pa[np.arange(len(p)), best])


def worth(p, right):
    """What a probability is worth at 0, 0.1 ... 1: a logistic curve through what was right."""
    p = np.clip(p, 1e-4, 1 - 1e-4)
    z = np.log(p / (1 - p))

    def loss(t):
        q = 1 / (1 + np.exp(-(np.exp(t[0]) * z + t[1])))
        return -np.mean(right * np.log(q) + (1 - right) * np.log(1 - q)) + 0.01 * (t[0] ** 2 + t[1] ** 2)

    t = minimize(loss, np.zeros(2)).x
    at = np.clip(np.arange(11) / 10, 0.003, 0.997)
    return 1 / (1 + np.exp(-(np.exp(t[0]) * np.log(at / (1 - at)) + t[1])))


def read_calibration():
    rows = []
    for line in (ROOT / "tests/data/intents/calibration.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            rows.append(line.split("\t")[:2])
    return rows


def c_array(values, per_line=12):
    values = [str(v) for v in values]
    lines = [", ".join(values[i:i + per_line]) for i in range(0, len(values), per_line)]
    return ",\n    ".join(lines)


def write_header(path, actions, names, w, kind_points, action_points, note):
    q, scale, bias = quantise(w)
    rows = ",\n".join("    {" + ",".join(map(str, row)) + "}" for row in q)
    path.write_text(f"""/* intents_weights.h - the softmax of intents_head.h, over its classes of examples.
 * Made by tools/fit_intents.py from share/intents; do not edit. {note} */
#ifndef SOTTO_ASSISTANT_INTENTS_WEIGHTS_H
#define SOTTO_ASSISTANT_INTENTS_WEIGHTS_H

#include "assistant/intents.h"

#define HEAD_CLASSES {len(actions)}
#define HEAD_FEATURES {len(names)}
#define HEAD_FEATURE_SCALE {FEATURE_SCALE}f

static const uint8_t head_action[HEAD_CLASSES] = {{
    {c_array(["ACTION_" + a.upper() for a in actions], 4)}}};
static const float head_scale[HEAD_CLASSES] = {{
    {c_array([f"{v:.7g}f" for v in scale], 8)}}};
static const float head_bias[HEAD_CLASSES] = {{
    {c_array([f"{v:.6f}f" for v in bias], 8)}}};
static const float head_kind_points[11] = {{
    {c_array([f"{v:.4f}f" for v in kind_points], 11)}}};
static const float head_action_points[11] = {{
    {c_array([f"{v:.4f}f" for v in action_points], 11)}}};
static const char *const head_features[HEAD_FEATURES] = {{
    {c_array(['"' + n + '"' for n in names], 8)}}};
static const int8_t head_weights[MINILM_DIM + HEAD_FEATURES][HEAD_CLASSES] = {{
{rows}}};

#endif
""")


def compare(x, y, actions, kinds, cx, rows):
    """Nearest examples by the same embeddings, k of them voting."""
    for k in (1, 5, 10, 20):
        near = cx[:, :384] @ x[:, :384].T
        votes = np.zeros((len(cx), len(actions)))
        for i, row in enumerate(near):
            for j in np.argsort(-row)[:k]:
                votes[i, y[j]] += np.exp(10 * row[j])
        kind, _, action, _ = judge(votes / votes.sum(1, keepdims=True), actions, kinds)
        print(f"nearest {k:2}: action {np.mean([a == r[0] for a, r in zip(action, rows)]):.3f}, "
              f"kind {np.mean([a == kinds[r[0]] for a, r in zip(kind, rows)]):.3f}")


def main():
    program, model = sys.argv[1], sys.argv[2]
    kinds = table()
    rows = examples()
    classes = sorted({r[0] for r in rows})
    actions = [c.split("/")[0].replace("unknown", "none") for c in classes]
    assert all(a in kinds for a in actions), [a for a in actions if a not in kinds]
    texts, e = embed(program, model, [r[2] for r in rows])
    names = frequent(texts, [r[1] for r in rows])
    x = matrix(texts, e, names)
    y = np.array([classes.index(r[0]) for r in rows])
    w = fit(x, y, len(classes))
    q, scale, bias = quantise(w)

    held = read_calibration()
    ctexts, ce = embed(program, model, [r[1] for r in held])
    cx = matrix(ctexts, ce, names)
    kind, pk, action, pa = judge(softmax(cx @ q * scale + bias), actions, kinds)
    kind_right = np.array([k == kinds[r[0]] for k, r in zip(kind, held)], float)
    action_right = np.array([a == r[0] for a, r in zip(action, held)], float)
    print(f"{len(rows)} examples of {len(classes)} classes, {len(names)} words; on {len(held)} held out: "
          f"action {action_right.mean():.3f}, kind {kind_right.mean():.3f}")
    print("an action has", dict(Counter(r[0].split("/")[0] for r in rows)))
    if "--compare" in sys.argv:
        compare(x, y, actions, kinds, cx, held)
        for r, a, p in zip(held, action, pa):
            if a != r[0]:
                print(f"  {r[0]} as {a} {p:.2f}: {r[1]}")
    write_header(ROOT / "src/assistant/intents_weights.h", actions, names, w,
                 worth(pk, kind_right), worth(pa, action_right),
                 f"{len(rows)} examples.")


if __name__ == "__main__":
    main()
