#!/usr/bin/env python3
"""The keyword index beside FTS5's bm25(): same passages, same words, same core, in turns.

    tests/bench/vindex/run_keywords.py [--build build/dev] [--out build/bench] [--passages 100000]
                                       [--top 200] [FOLDER ...]

Passages come from the folders as in run.py. Queries: what people wrote, where the folders hold
queries*.jsonl, and runs of 4 to 12 words out of passages; each set as it is, and without stop words.
Times are processor milliseconds of one search for the best --top.
"""
import argparse
import os
import subprocess

import common

common.one_core()

STOP = set("""a about an and any are as at be been but by can could did do does for from had has have he her
his how i if in into is it its may more most no not of on one or other our she should so some such than that
the their them then there these they this to was we were what when where which who whose why will with would
you your""".split())


def plain(query):
    kept = [w for w in query.split() if w.lower().strip(".,?!") not in STOP]
    return " ".join(kept) or query


def measure(args, queries):
    path = os.path.join(args.out, "kq.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(queries) + "\n")
    run = subprocess.run([os.path.join(args.build, "bench_kindex"), os.path.join(args.out, "kp.txt"), path,
                          str(args.top), os.path.join(args.out, "bench.keywords")],
                         check=True, stdout=subprocess.PIPE, text=True)
    lines = run.stdout.splitlines()
    return lines[0].split()[1:], [list(map(float, line.split())) for line in lines[1:]]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default=os.path.join(common.ROOT, "build", "dev"))
    p.add_argument("--out", default=os.path.join(common.ROOT, "build", "bench", "keywords"))
    p.add_argument("--passages", type=int, default=100000)
    p.add_argument("--queries", type=int, default=400)
    p.add_argument("--top", type=int, default=200)
    p.add_argument("folders", nargs="*")
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    passages = common.texts(args.folders, args.passages, args.out)
    with open(os.path.join(args.out, "kp.txt"), "w", encoding="utf-8") as f:
        for t in passages:
            f.write(" ".join(t.split()) + "\n")
    asked = common.query_texts(args.folders, passages, args.queries // 2)
    asked += common.query_texts([], passages, args.queries - len(asked))
    print(f"{common.machine()}; {len(passages)} passages, {len(asked)} queries, best {args.top}\n")
    print("| queries | words | kindex ms, p50 | p95 | FTS5 p50 | p95 | times faster, p50 | first 10 shared |")
    print("|---|---|---|---|---|---|---|---|")
    for name, queries in (("as asked", asked), ("without stop words", [plain(q) for q in asked])):
        ready, rows = measure(args, queries)
        ours, fts5 = [r[0] for r in rows], [r[1] for r in rows]
        full = [r for r in rows if r[2] >= 10]
        shared = sum(r[3] for r in full) / max(1, len(full))
        pick = common.percentile
        print(f"| {name} | {sum(r[4] for r in rows) / len(rows):.1f} | {pick(ours, 50):.2f} | {pick(ours, 95):.2f} "
              f"| {pick(fts5, 50):.1f} | {pick(fts5, 95):.1f} | {pick(fts5, 50) / pick(ours, 50):.0f} | {shared:.1f} |")
    n, words, add_s, sync_ms, open_ms, size = ready
    print(f"\n{words} different words; {float(add_s) / int(n) * 1e6:.0f} us to add a passage; the first sync"
          f" {sync_ms} ms, opening {open_ms} ms (wall clock); {int(size) / 1e6:.1f} MB held")
    for name in ("kp.txt", "kq.txt", "bench.keywords"):
        os.unlink(os.path.join(args.out, name))


if __name__ == "__main__":
    main()
