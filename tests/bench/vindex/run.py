#!/usr/bin/env python3
"""The vector index beside faiss, usearch and sqlite-vec: same vectors, same core, in turns.

    tests/bench/vindex/run.py [--build build/dev] [--out build/bench] [--sizes real,200000,1000000]
                              [--vectors 40000] [--rounds 1] [--k 10] [FOLDER ...]

Vectors are real: passages of the folders (default: what the machine has in /usr/share/doc, man pages
and Python's documentation strings; FOLDERs may hold .jsonl corpora with a "text" member, .txt, .md,
.html, man pages) embedded by our own encoder, bench_encoder, with the model in $SOTTO_MODELS or
models/. Sizes above that repeat them with noise (cosine about 0.91 to the original), for speed at
size; recall at those sizes is of the noisy set. Recall is the share of the k nearest by fp32 found
among the k given. Times are processor milliseconds of one search of k, one thread.
"""
import argparse
import math
import os
import sqlite3
import struct
import subprocess
import sys
import time

import common

common.one_core()
common.environment(["numpy", "faiss", "usearch.index", "sqlite_vec"])

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import sqlite_vec  # noqa: E402
from usearch.index import MetricKind, search as usearch_search  # noqa: E402

DIM, K = 384, 10


def embed(program, model, texts, note):
    """Unit vectors [n, 384] by our encoder, in batches over a pipe."""
    p = subprocess.Popen([program, "serve", "int8", model], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    rows = []
    for at in range(0, len(texts), 256):
        batch = [t.encode("utf-8", "replace") for t in texts[at:at + 256]]
        p.stdin.write(b"E" + struct.pack("<II", len(batch), 1) +
                      b"".join(struct.pack("<I", len(t)) + t for t in batch))
        p.stdin.flush()
        data = p.stdout.read(len(batch) * DIM * 4)
        if len(data) != len(batch) * DIM * 4:
            sys.exit("run.py: the encoder ended early")
        rows.append(np.frombuffer(data, dtype="<f4").reshape(-1, DIM))
        if at % 5120 == 0:
            print(f"  {note}: {at} of {len(texts)}", file=sys.stderr)
    p.stdin.close()
    p.wait()
    return np.concatenate(rows)


def real_vectors(args):
    os.makedirs(args.out, exist_ok=True)
    passages = common.texts(args.folders, args.vectors, args.out)
    names = [os.path.join(args.out, n) for n in ("vectors.npy", "queries.npy")]
    newest = os.path.getmtime(os.path.join(args.out, "passages.jsonl"))
    if not all(os.path.exists(n) and os.path.getmtime(n) > newest for n in names):
        models = os.environ.get("SOTTO_MODELS", os.path.join(common.ROOT, "models"))
        model = os.path.join(models, "all-MiniLM-L6-v2.sotto")
        program = os.path.join(args.build, "bench_encoder")
        for needed in (model, program):
            if not os.path.exists(needed):
                sys.exit(f"run.py: {needed} is missing: run `make bench`, which builds and fetches it")
        held = len(passages) // 50
        queries = common.query_texts(args.folders, passages[-held:], 300)
        np.save(names[0], embed(program, model, passages[:-held], "passages"))
        np.save(names[1], embed(program, model, queries, "queries"))
    return np.load(names[0]), np.load(names[1])


def scaled(x, n):
    """n vectors: the real ones, then copies of them with noise."""
    out = np.empty((n, DIM), dtype=np.float32)
    rng = np.random.default_rng(1)
    for at in range(0, n, len(x)):
        m = min(len(x), n - at)
        y = x[:m]
        if at:
            y = y + rng.standard_normal(y.shape, dtype=np.float32) * np.float32(0.45 / math.sqrt(DIM))
            y /= np.linalg.norm(y, axis=1, keepdims=True)
        out[at:at + m] = y
    return out


def truth(x, q):
    """The ten nearest by fp32, a part of the vectors at a time."""
    best = np.empty((len(q), 0), dtype=np.float32)
    index = np.empty((len(q), 0), dtype=np.int64)
    for at in range(0, len(x), 100000):
        s = q @ x[at:at + 100000].T
        top = np.argpartition(-s, K, axis=1)[:, :K]
        best = np.concatenate([best, np.take_along_axis(s, top, 1)], 1)
        index = np.concatenate([index, top + at], 1)
        keep = np.argsort(-best, axis=1, kind="stable")[:, :K]
        best, index = np.take_along_axis(best, keep, 1), np.take_along_axis(index, keep, 1)
    return index


class Ours:
    """bench_vindex on the end of a pipe; one process serves exact, two-stage and auto."""

    def __init__(self, args, x, q):
        paths = [os.path.join(args.out, n) for n in ("x.f32", "q.f32", "bench.vectors")]
        x.tofile(paths[0])
        q.tofile(paths[1])
        self.p = subprocess.Popen([os.path.join(args.build, "bench_vindex"), *paths[:2], str(K),
                                   paths[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.p.stdout.readline().split()
        if not ready:
            sys.exit("run.py: bench_vindex did not start")
        self.kernel, self.add_s = ready[2], float(ready[3])

    def ask(self, command):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        times, rest = self.p.stdout.readline().rstrip("\n").split("\t")
        return [float(t) for t in times.split()], [int(s) for s in rest.split()]

    def mode(self, word):
        def search(at, n):
            times, slots = self.ask(f"{word} {n}")
            return times, np.array(slots).reshape(n, K)
        return search


def timed(one, q):
    def search(at, n):
        times, found = [], []
        for i in range(n):
            start = time.thread_time_ns()
            ids = one(q[(at + i) % len(q):(at + i) % len(q) + 1])
            times.append((time.thread_time_ns() - start) / 1e6)
            found.append(np.asarray(ids).reshape(-1)[:K])
        return times, np.array(found)
    return search


def sqlite_vec_search(x, kind, q):
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    sqlite_vec.load(db)
    db.execute(f"CREATE VIRTUAL TABLE v USING vec0(e {kind}[384] distance_metric=cosine)")
    code = "vec_int8(?)" if kind == "int8" else "?"
    as_bytes = (lambda r: r.astype(np.float32).tobytes()) if kind == "float" else \
        (lambda r: np.clip(np.rint(r * 127 / 0.25), -127, 127).astype(np.int8).tobytes())
    with db:
        db.executemany(f"INSERT INTO v(rowid, e) VALUES(?, {code})",
                       ((i, as_bytes(r)) for i, r in enumerate(x)))
    sql = f"SELECT rowid FROM v WHERE e MATCH {code} AND k = {K}"
    return timed(lambda r: [i for (i,) in db.execute(sql, (as_bytes(r[0]),))], q)


def engines(args, x, q, ours):
    yield "sotto exact", ours.mode("exact")
    yield "sotto two-stage", ours.mode("two")
    yield "sotto (chooses itself)", ours.mode("auto")
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(DIM)
    flat.add(x)
    yield "faiss Flat", timed(lambda r: flat.search(r, K)[1], q)
    sq8 = faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    sq8.train(x[:50000])
    sq8.add(x)
    yield "faiss SQ8", timed(lambda r: sq8.search(r, K)[1], q)
    i8 = np.clip(np.rint(x * 127 / 0.25), -127, 127).astype(np.int8)

    def usearch_i8(r):
        r8 = np.clip(np.rint(r * 127 / 0.25), -127, 127).astype(np.int8)
        return usearch_search(i8, r8, K, MetricKind.Cos, exact=True, threads=1).keys
    yield "usearch exact i8", timed(usearch_i8, q)
    if len(x) <= args.sqlite_vec_max:
        yield "sqlite-vec float", sqlite_vec_search(x, "float", q)
        yield "sqlite-vec int8", sqlite_vec_search(x, "int8", q)


def compare(args, x, q, title):
    ours = Ours(args, x, q)
    exact = truth(x, q)
    runs = [(name, search, [], []) for name, search in engines(args, x, q, ours)]
    batch = 10
    for at in range(0, len(q) * args.rounds, batch):
        for name, search, times, recalls in runs:
            slow = times and common.percentile(times, 50) > 60
            if slow and at >= 100:
                continue  # a hundred slow searches say as much
            t, found = search(at, batch)
            times += t
            for i in range(batch):
                want = exact[(at + i) % len(q)]
                recalls.append(len(set(found[i].tolist()) & set(want.tolist())) / K)
    print(f"\n### {title}: {len(x)} vectors\n")
    print(f"| | recall@{K} | ms, median | p95 | times sotto |\n|---|---|---|---|---|")
    base = common.percentile(runs[0][2], 50)
    for name, _, times, recalls in runs:
        mid = common.percentile(times, 50)
        print(f"| {name} | {np.mean(recalls):.4f} | {mid:.2f} | {common.percentile(times, 95):.2f} "
              f"| {mid / base:.1f} |")
    opens = [ours.ask("open")[0] for _ in range(5)]
    print(f"\nkernels {ours.kernel}; opening the file {common.percentile([o[0] for o in opens], 50):.1f}"
          f" ms, the first search after it {common.percentile([o[1] for o in opens], 50):.1f} ms; adding"
          f" {ours.add_s / len(x) * 1e6:.1f} us a vector, encoding included")
    sys.stdout.flush()
    ours.p.stdin.write("quit\n")
    ours.p.stdin.close()
    ours.p.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default=os.path.join(common.ROOT, "build", "dev"))
    p.add_argument("--out", default=os.path.join(common.ROOT, "build", "bench", "vindex"))
    p.add_argument("--sizes", default="real,200000,1000000")
    p.add_argument("--vectors", type=int, default=40000)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--sqlite-vec-max", type=int, default=200000)
    p.add_argument("folders", nargs="*")
    p.add_argument("--k", type=int, default=K)
    args = p.parse_args()
    globals()["K"] = args.k
    x, q = real_vectors(args)
    print(f"{common.machine()}; {len(q)} queries; faiss {faiss.__version__}, sqlite-vec "
          f"{sqlite_vec.__version__}")
    for size in args.sizes.split(","):
        if size == "real":
            compare(args, x, q, "real vectors")
        else:
            compare(args, scaled(x, int(size)), q, "with noisy copies")
    for name in ("x.f32", "q.f32", "bench.vectors"):
        os.unlink(os.path.join(args.out, name))


if __name__ == "__main__":
    main()
