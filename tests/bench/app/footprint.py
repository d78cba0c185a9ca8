#!/usr/bin/env python3
"""Start-up time, resident memory and size of the program, on the real server.

    tests/bench/app/footprint.py [--program bin/sotto] [--chunks 10000] [--check]

A data folder with that many passages is made once through the HTTP interface (build/bench/footprint)
and used again; what the server holds five seconds after that is kept with it. Then, RUNS times: start, the first line on standard output, the first 200 of
/health/ready; some searches of different words; a rest; VmRSS from /proc, in its parts. --check exits
with 1 when a goal is missed: ready in 300 ms, 60 MiB at rest, a stripped binary of 5 MiB. The figures go to
standard output as JSON, and to build/bench/footprint.json.
"""
import argparse
import concurrent.futures
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORDS = """harbour lease rent boiler pressure valve garden winter letter meeting budget invoice travel
train ticket doctor appointment recipe flour butter plum cake school teacher exam holiday island ferry
engine oil bicycle repair concert violin museum painting library novel chapter river bridge mountain
path camping tent stove battery charger camera lens photograph neighbour key door window roof storm
insurance claim contract notice signature passport embassy visa currency bank loan interest savings
kitchen plumber electrician fuse cable lamp heating radiator thermostat cellar attic carpet curtain""".split()


class Server:
    def __init__(self, program, data):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
        env |= {"SOTTO_DATA": str(data), "SOTTO_MODELS": os.environ.get("SOTTO_MODELS", str(ROOT / "models")),
                "XDG_CONFIG_HOME": "/nonexistent"}
        start = time.monotonic()
        self.process = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0"], env=env,
                                        stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        self.listening_ms = (time.monotonic() - start) * 1000
        assert line.startswith("listening on http://"), line
        self.address = line.split("//")[1].strip()
        status, _ = self.ask("GET", "/health/ready")
        self.ready_ms = (time.monotonic() - start) * 1000
        assert status == 200, status

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=120)
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def memory(self):
        fields = dict(line.split(":", 1) for line in open(f"/proc/{self.process.pid}/status") if ":" in line)
        return {name: int(fields[key].split()[0]) / 1024 for name, key in
                (("rss_mib", "VmRSS"), ("anonymous_mib", "RssAnon"), ("files_mib", "RssFile"), ("peak_mib", "VmHWM"))}

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


def fill(program, data, chunks):
    """One passage a document: some 40 words drawn at random, so that every one is another."""
    rng = random.Random(7)
    server = Server(program, data)

    def add(n):
        text = f"Note {n}. " + " ".join(rng.choice(WORDS) for _ in range(40)).capitalize() + "."
        status, answer = server.ask("POST", "/api/v1/knowledge/documents", {"title": f"Note {n}", "content": text})
        assert status == 201, answer

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done, _ in enumerate(pool.map(add, range(chunks)), 1):
            if done % 1000 == 0:
                print(f"{done} of {chunks} passages stored", file=sys.stderr)
    time.sleep(5)
    memory = server.memory()
    server.stop()
    return memory


def measure(program, data, rest_s):
    server = Server(program, data)
    stats = json.loads(server.ask("GET", "/api/v1/knowledge/stats")[1])
    time.sleep(rest_s)
    idle = server.memory()
    for i in range(60):
        words = " ".join(WORDS[(i * 3 + k) % len(WORDS)] for k in range(3))
        status, _ = server.ask("GET", "/api/v1/knowledge/search?q=" + urllib.parse.quote(words))
        assert status == 200
    time.sleep(rest_s)
    used = server.memory()
    server.stop()
    return {"listening_ms": server.listening_ms, "ready_ms": server.ready_ms, "chunks": stats["chunks"],
            "fresh": idle, "after_searches": used}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=ROOT / "bin/sotto", type=Path)
    options.add_argument("--chunks", default=10000, type=int)
    options.add_argument("--runs", default=7, type=int)
    options.add_argument("--check", action="store_true")
    o = options.parse_args()
    data = ROOT / f"build/bench/footprint/data-{o.chunks}"
    if not (data / ".complete").exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True, mode=0o700)
        (data / ".complete").write_text(json.dumps(fill(o.program, data, o.chunks)))
    filled = json.loads((data / ".complete").read_text())
    runs = [measure(o.program, data, 3) for _ in range(o.runs)]
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, o.program], check=True)
        binary_mib = os.path.getsize(stripped.name) / 2**20
    result = {
        "chunks": runs[0]["chunks"],
        "ready_ms": round(statistics.median(r["ready_ms"] for r in runs), 1),
        "ready_ms_worst": round(max(r["ready_ms"] for r in runs), 1),
        "rest_mib": round(statistics.median(r["after_searches"]["rss_mib"] for r in runs), 1),
        "rest_anonymous_mib": round(statistics.median(r["after_searches"]["anonymous_mib"] for r in runs), 1),
        "rest_files_mib": round(statistics.median(r["after_searches"]["files_mib"] for r in runs), 1),
        "fresh_mib": round(statistics.median(r["fresh"]["rss_mib"] for r in runs), 1),
        "peak_mib": round(max(r["after_searches"]["peak_mib"] for r in runs), 1),
        "after_filling_mib": round(filled["rss_mib"], 1),
        "filling_peak_mib": round(filled["peak_mib"], 1),
        "binary_mib": round(binary_mib, 2),
        "goals": {"ready_ms": 300, "rest_mib": 60, "binary_mib": 5},
    }
    text = json.dumps(result, indent=2)
    print(text)
    (ROOT / "build/bench/footprint.json").write_text(text + "\n")
    missed = [k for k, goal in result["goals"].items() if result[k] > goal]
    if missed:
        print("missed: " + ", ".join(missed), file=sys.stderr)
    return 1 if missed and o.check else 0


if __name__ == "__main__":
    sys.exit(main())
