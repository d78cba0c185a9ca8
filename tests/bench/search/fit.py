#!/usr/bin/env python3
"""Finds the weights of src/search/fusion_weights.h, and says what they are worth.

    bench_eval --dump FILE FOLDER ...      what the fusion sees of every query (one file or many)
    fit.py FILE...                         needs numpy and scipy

For every collection: nDCG@10 of both parts, and hybrid relative to the better part with equal
weights, with weights found without the collection's family ("left out"), and with weights found on
all. A family shares texts or their kind; collections called cranfield or cacm are never used to find
weights. The collection called mega holds all the others; its queries are called "name//id".
"""
import json
import math
import sys

import numpy as np
from scipy.optimize import minimize

FEATURES = ["one", "gap", "top", "fragments", "coverage", "mean", "evidence", "agree", "stop", "size"]
HELD_OUT = ("cranfield", "cacm")
FAMILY = {"known-item": "verse", "who": "verse", "chapter": "verse", "man-de": "foreign",
          "man-fr": "foreign", "man-xl": "foreign", "man-ru": "russian"}
DEPTH = 45          # of each list in the fit
COSINE_SCALE = 1.5  # as in fusion.c


def family(name):
    name = name.removeprefix("mega-").split("@")[0]
    return FAMILY.get(name, name.split("-")[0])


def read_query(j):
    c = np.array(j["c"], float)
    doc, cosine, bm25, coverage = c[:, 0].astype(int), c[:, 1], c[:, 2], c[:, 3]
    q = {"doc": doc, "cosine": cosine, "bm25": bm25, "coverage": coverage, "near": c[:, 4] > 0,
         "keyword_rank": c[:, 5], "ideal": j["ideal"]}
    unknown = j["unknown"] * math.log(1 + (j["passages"] + .5) / .5)
    known = j["idf"] / (j["idf"] + unknown) if j["idf"] + unknown > 0 else 1
    q["docs"], q["at"] = np.unique(doc, return_inverse=True)
    grades = {int(k): v for k, v in j["rel"].items()}
    q["grades"] = np.array([grades.get(int(d), 0) for d in q["docs"]], float)
    q["good"] = q["grades"][q["at"]] > 0
    best = np.full(len(q["docs"]), -9.)
    np.maximum.at(best, q["at"], cosine)
    best = np.sort(best)[::-1]
    k = int(bm25.argmax()) if bm25.max() > 0 else None
    cover = coverage[k] if k is not None else 0
    n, words = math.log(j["passages"] + 1), max(1, j["words"])
    f = {"one": 1, "gap": (best[0] - best[min(9, len(best) - 1)]) / max(j["vec_std"], 1e-6) / 2 - .7,
         "top": 4 * best[0] - 2.4, "fragments": max(0, math.log(max(1, j["pieces"]) / words)) - .3,
         "coverage": cover - .8, "mean": 10 * j["vec_mean"] - 1.5,
         "evidence": math.tanh((cover * j["idf"] - n) / 8) - .5,
         "agree": 4 * (cosine[k] if k is not None else 0) - 2,
         "stop": 1 - j["kept"] / words - .4, "size": n - 7.5}
    q["features"] = np.clip([f[x] for x in FEATURES], -3, 3)
    q["V"] = COSINE_SCALE * np.maximum(cosine, 0)
    q["K"] = np.where(bm25 > 0, (.5 * bm25 / (j["bound"] or 1) + .5 * coverage) * known, 0)
    return q


def read(files):
    sets = {}
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                j = json.loads(line)
                key = j["set"] if j["set"] != "mega" else "mega-" + j["id"].split("//")[0]
                if j["c"]:
                    sets.setdefault(key, []).append(read_query(j))
    return sets


DISCOUNT = 1 / np.log2(np.arange(2, 12))


def ndcg(q, score):
    best = np.full(len(q["docs"]), -99.)
    np.maximum.at(best, q["at"], score)
    order = np.argsort(-best, kind="stable")[:10]
    order = order[best[order] > -50]
    return (q["grades"][order] * DISCOUNT[:len(order)]).sum() / q["ideal"]


def keyword(q, _):
    return np.where(q["keyword_rank"] > 0, q["bm25"] / 1e3, -90)


def semantic(q, threshold):
    return np.where(q["near"] & (q["cosine"] >= threshold), q["cosine"], -90)


def hybrid(q, w, threshold):
    strong = (q["keyword_rank"] > 0) & (q["keyword_rank"] <= 10) & (q["coverage"] >= 1 / 3)
    passes = (q["cosine"] >= threshold) | strong
    return np.where(passes, w * q["V"] + (1 - w) * q["K"], -90)


def mean(queries, score):
    return float(np.mean([ndcg(q, score(q)) for q in queries]))


def weight(q, theta):
    return 1 / (1 + math.exp(-float(q["features"] @ theta)))


def pack(queries):
    """Arrays [n, 2 * DEPTH + 10] of the candidates that matter for the fit."""
    F, V, K, Y = [], [], [], []
    for q in queries:
        if not q["good"].any():
            continue
        keep = np.zeros(len(q["doc"]), bool)
        keep[np.argsort(-q["cosine"])[:DEPTH]] = True
        keep[np.argsort(-q["bm25"])[:DEPTH]] = True
        keep[np.flatnonzero(q["good"])[:10]] = True
        i = np.flatnonzero(keep)
        v, k, y = np.full(2 * DEPTH + 10, -9.), np.full(2 * DEPTH + 10, -9.), np.zeros(2 * DEPTH + 10, bool)
        v[:len(i)], k[:len(i)], y[:len(i)] = q["V"][i], q["K"][i], q["good"][i]
        F.append(q["features"]), V.append(v), K.append(k), Y.append(y)
    return [np.array(x) for x in (F, V, K, Y)] if F else None


def loss(p, packs, names, shares, l2):
    """Minus the log of the softmax mass on good candidates, averaged over queries, then over sets."""
    scale, theta, value, grad, total = np.exp(p[0]), p[1:], 0, np.zeros_like(p), 0
    for name in names:
        F, V, K, Y = packs[name]
        w = 1 / (1 + np.exp(-F @ theta))
        mixed = w[:, None] * V + (1 - w[:, None]) * K
        e = np.exp(scale * (mixed - mixed.max(1, keepdims=True)))
        P = e / e.sum(1, keepdims=True)
        mass = (P * Y).sum(1) + 1e-9
        r, share = P * Y / mass[:, None] - P, shares.get(name, 1.)
        total += share
        value -= share * np.log(mass).mean()
        grad[0] -= share * (r * mixed).sum() * scale / len(w)
        slope = (r * (V - K)).sum(1) * scale * w * (1 - w)
        grad[1:] -= share * (slope[:, None] * F).sum(0) / len(w)
    return value / total + l2 * (theta @ theta), grad / total + 2 * l2 * np.r_[0, theta]


def fit(packs, names, shares, l2=3e-3):
    start = np.r_[math.log(15), np.zeros(len(FEATURES))]
    return minimize(loss, start, args=(packs, names, shares, l2), jac=True, method="L-BFGS-B").x[1:]


def fit_fairly(sets, packs, names, better, threshold, rounds, step):
    """Sets on which hybrid falls short of the better part get a larger share, round by round."""
    shares = {n: 1. for n in names}
    for _ in range(rounds):
        theta = fit(packs, names, shares)
        for n in names:
            ratio = mean(sets[n], lambda q: hybrid(q, weight(q, theta), threshold)) / better[n]
            shares[n] *= math.exp(step * max(-.02, min(.05, 1 - ratio)))
    return fit(packs, names, shares)


def main():
    threshold, rounds, step = .3, 4, 8.
    sets = read(sys.argv[1:])
    packs = {n: p for n, p in ((n, pack(q)) for n, q in sets.items()) if p}
    parts = {n: (mean(q, lambda x: keyword(x, 0)), mean(q, lambda x: semantic(x, threshold)))
             for n, q in sets.items()}
    better = {n: max(v) for n, v in parts.items()}
    use = [n for n in packs if n.removeprefix("mega-") not in HELD_OUT]
    ratio = lambda n, w: mean(sets[n], lambda q: hybrid(q, w(q), threshold)) / better[n]
    theta = fit_fairly(sets, packs, use, better, threshold, rounds, step)
    without = {f: fit_fairly(sets, packs, [n for n in use if family(n) != f], better, threshold, rounds,
                             step) for f in sorted({family(n) for n in use})}
    print("collection\tqueries\tkeyword\tsemantic\tequal\tleft out\tall\tweight")
    rows = []
    for n in sorted(sets, key=lambda n: parts[n][1] / max(parts[n][0], 1e-9)):
        left = theta if n.removeprefix("mega-") in HELD_OUT else without[family(n)]
        rows.append((ratio(n, lambda q: .5), ratio(n, lambda q: weight(q, left)),
                     ratio(n, lambda q: weight(q, theta))))
        print(f"{n}\t{len(sets[n])}\t{parts[n][0]:.3f}\t{parts[n][1]:.3f}\t"
              + "\t".join(f"{x:.3f}" for x in rows[-1])
              + f"\t{np.mean([weight(q, theta) for q in sets[n]]):.2f}", flush=True)
    rows = np.array(rows)
    print("worst\t\t\t\t" + "\t".join(f"{x:.3f}" for x in rows.min(0)))
    print("below .98\t\t\t\t" + "\t".join(str(x) for x in (rows < .98).sum(0)))
    print("mean\t\t\t\t" + "\t".join(f"{x:.3f}" for x in rows.mean(0)))
    for name, value in zip(FEATURES, theta):
        print(f"    [FEATURE_{name.upper()}] = {value:.2f}f,")


if __name__ == "__main__":
    main()
