#!/usr/bin/env python3
"""The live server under load, and under attack. Starts it, fills it, loads it, judges it.

    server.py [--seconds 600] [--active 1000] [--idle 10000] [--rate 200] [--pings 1000] [--documents 500]
              [--queries 150] [--attack [--attackers 1000] [--addresses 1]] [--cap-mib 400]

Prints what was measured, and what the goals are (--judge: ends with 1 when one is missed; what is
asserted always is that nothing is dropped, refused or wrong). With --attack hostile clients of every kind
come from 127.0.0.2 and the addresses behind it meanwhile (--addresses 0: from the good clients' own). SOTTO_BIN says which program; sotto_load is built beside it.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from server import PROGRAM, Server  # noqa: E402

LOAD = Path(os.environ.get("SOTTO_LOAD", PROGRAM.parent.parent / "sotto_load"))
THINGS = ["boiler", "lease", "insurance", "passport", "bicycle", "garden", "dentist", "piano", "router", "car"]
FACTS = ["was bought in {y}", "costs {n} euros a month", "is looked after by {p}", "must be renewed before May {y}",
         "stands in room {n}", "was repaired by {p} in {y}"]
PEOPLE = ["Dana", "Ibrahim", "Mei", "Olga", "Pedro", "Ruth"]


def fill(url, documents):
    rng, questions = random.Random(11), []
    for i in range(documents):
        thing = f"{rng.choice(THINGS)} number {i}"
        text = " ".join(f"The {thing} " + f.format(y=rng.randint(1990, 2026), n=rng.randint(1, 900), p=rng.choice(PEOPLE)) + "."
                        for f in rng.sample(FACTS, 5))
        body = json.dumps({"title": f"About the {thing}", "content": text}).encode()
        request = urllib.request.Request(url + "/api/v1/knowledge/documents", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=60).close()
        questions.append(rng.choice(["who looks after the {}?", "when was the {} bought?", "what does the {} cost?"])
                         .format(thing))
    return questions


def metric(url, pattern):
    with urllib.request.urlopen(url + "/metrics", timeout=30) as answer:
        return re.findall(pattern, answer.read().decode())


def stall_ms(url):
    """p99.9 of an iteration of the loop: the bucket's upper end."""
    found = metric(url, r'loop_stall_seconds_bucket\{le="([0-9.+Inf]+)"\} (\d+)')
    if not found:
        raise RuntimeError("/metrics has no loop_stall_seconds")
    buckets = [(float(le), int(n)) for le, n in found]
    total = buckets[-1][1]
    return next(le * 1e3 for le, n in buckets if n >= 0.999 * total)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("seconds", 600), ("active", 1000), ("idle", 10000), ("rate", 200), ("pings", 1000),
                        ("documents", 500), ("queries", 150), ("attackers", 1000), ("cap-mib", 400)):
        args.add_argument("--" + name, type=int, default=value)
    args.add_argument("--attack", action="store_true")
    args.add_argument("--addresses", type=int, default=1, help="that attackers come from; 0: the good clients' own")
    args.add_argument("--kinds", default="all", help="of attacks, with commas between")
    args.add_argument("--judge", action="store_true")
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        port, pid = server.url.rsplit(":", 1)[1], str(server.process.pid)
        questions = Path(folder) / "questions"
        questions.write_text("\n".join(fill(server.url, args.documents)[:args.queries]) + "\n")
        hostile = None
        if args.attack:
            hostile = subprocess.Popen([LOAD, "attack", "--port", port, "--seconds", str(args.seconds + 2), "--attackers",
                                        str(args.attackers), "--kinds", args.kinds, "--addresses", str(args.addresses)], stdout=subprocess.PIPE, text=True)
        good = subprocess.run([LOAD, "ws", "--port", port, "--pid", pid, "--seconds", str(args.seconds), "--active",
                               str(args.active), "--idle", str(args.idle), "--rate", str(args.rate), "--pings",
                               str(args.pings), "--queries", questions], stdout=subprocess.PIPE, text=True, check=True)
        got, attacks = json.loads(good.stdout), None
        if hostile:
            attacks = json.loads(hostile.communicate(timeout=120)[0])
        memory = got.pop("rss_anon_kib")
        settled = memory[min(120, len(memory) // 5):] or memory
        growth = (settled[-1] - settled[0]) / 1024 if settled else 0
        peak, stall = max(memory or [0]) / 1024, stall_ms(server.url)
        alive = urllib.request.urlopen(server.url + "/health", timeout=30).status == 200
    for name, value in {**got, "memory_growth_mib": round(growth, 1), "memory_peak_mib": round(peak, 1),
                        "loop_stall_p999_ms": stall}.items():
        print(f"{name:20} {value}")
    for name, value in (attacks or {}).items():
        print(f"{name:20} {value}")
    goals = {"p99 of a query at most 25 ms": got["query"]["p99"] <= 25,
             "p99 of a small message at most 5 ms": max(got["ping"]["p99"], got["message"]["p99"]) <= 5,
             "loop stall p99.9 at most 5 ms": stall <= 5}
    if args.attack:
        goals[f"memory below {args.cap_mib} MiB"] = peak <= args.cap_mib
    else:
        goals["at most 8 KiB a client"] = got["client_bytes"] <= 8192
        goals["descriptors are back"] = got["fds_after"] <= got["fds_before"] + 8
        goals["memory flat"] = growth < 16
    for name, met in goals.items():
        print(f"{'met   ' if met else 'MISSED'} {name}")
    sound = {"alive": alive, "no drop": got["drops"] == 0, "no error": got["errors"] == 0,
             "all answered": got["unanswered"] == 0 and got["pings"] == got["pongs"] and got["said"] == got["heard"]}
    if args.attack:
        sound["memory"] = peak <= args.cap_mib
        sound["attackers were there"] = all(a["steps"] > 0 for a in attacks.values())
    wrong = [name for name, ok in sound.items() if not ok]
    if wrong or (args.judge and not all(goals.values())):
        sys.exit(f"not as it should be: {', '.join(wrong) or 'a goal is missed'}")


if __name__ == "__main__":
    main()
