#!/usr/bin/env python3
"""Requests a second of processor time for one document by its id: the whole server beside FastAPI with uvicorn.

    lookup.py [--rounds 3] [--seconds 3] [--documents 2000] [--connections 32]

Both look one of the same documents up in SQLite, by its key, and answer it as JSON; the peer (lookup_peer.py) checks
nobody's credentials, has no rate limit and writes no metric. "again": documents that were asked for a moment ago, which
Sotto has kept as it sent them (src/api/kept.h). "new": each one after 2,000 others, more than are kept, so that every
request is a look-up (cache_requests_total says so). Rounds alternate; processor time is user and system time of the server's process. Makes a Python
environment in build/lookup-venv; needs wrk. Goal: 20 times.
"""
import argparse
import json
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from server import Server  # noqa: E402

DOCUMENTS = "/api/v1/knowledge/documents"


def environment():
    folder, wanted = ROOT / "build/lookup-venv", (HERE / "requirements.txt").read_text()
    stamp = folder / ".stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    return folder / "bin/python"


def add(url, i):
    """One more; whatever answers Sotto kept are worth nothing then."""
    body = {"title": f"Letter {i}", "content": f"Letter {i}: the boiler costs {i} euros a month.", "tags": ["letter", "home"]}
    request = urllib.request.Request(url + DOCUMENTS, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["id"]


def fill(url, n):
    documents = []
    for i in range(n):
        identity = add(url, i)
        with urllib.request.urlopen(f"{url}{DOCUMENTS}/{identity}") as answer:
            documents.append(json.load(answer))
    return documents


def copy_for_peer(path, documents):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, title TEXT, content TEXT, content_type TEXT, source TEXT, "
               "created_at TEXT, updated_at TEXT) WITHOUT ROWID")
    db.execute("CREATE TABLE tags (document TEXT, tag TEXT, PRIMARY KEY (document, tag)) WITHOUT ROWID")
    for d in documents:
        db.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
                   (d["id"], d["title"], d["content"], d.get("content_type", ""), d.get("source") or "", d["created_at"],
                    d["updated_at"]))
        db.executemany("INSERT INTO tags VALUES (?, ?)", [(d["id"], t) for t in d.get("tags", [])])
    db.commit()
    db.close()


def ask(path, documents):
    path.write_text("local ids = {" + ",".join(f'"{d["id"]}"' for d in documents) + "}\nlocal i = 0\n"
                    "request = function()\n  i = i % #ids + 1\n"
                    f"  return wrk.format('GET', '{DOCUMENTS}/' .. ids[i])\nend\n")
    return path


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kept_hits(url):
    with urllib.request.urlopen(url + "/metrics", timeout=60) as answer:
        found = re.search(r'cache_requests_total\{cache="answer",outcome="hit"\} (\d+)', answer.read().decode())
    return int(found[1]) if found else 0


def measure(name, pid, url, script, args):
    before = processor_s(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{args.connections}", f"-d{args.seconds}s", "-s", script, url], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    requests, took = int(re.search(r"(\d+) requests in", out)[1]), processor_s(pid) - before
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"{name}: {out}")
    print(f"{name:14} {requests:8} requests, {took:5.2f} s of processor, {requests / took:9.0f} a second of it", flush=True)
    return requests / took


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rounds", 3), ("seconds", 3), ("documents", 2000), ("connections", 32)):
        args.add_argument("--" + name, type=int, default=value)
    args = args.parse_args()
    python = environment()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data, Server(data) as server:
        folder = Path(folder)
        documents = fill(server.url, args.documents)
        copy_for_peer(folder / "peer.db", documents)
        scripts = {"again": ask(folder / "again.lua", documents[:200]), "new": ask(folder / "new.lua", documents)}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        peer = subprocess.Popen([python, "-m", "uvicorn", "lookup_peer:app", "--port", str(port), "--no-access-log", "--log-level",
                                 "warning"], cwd=HERE, env={**os.environ, "PEER_DB": str(folder / "peer.db"),
                                                            "PYTHONDONTWRITEBYTECODE": "1"})
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(100):
                try:
                    with urllib.request.urlopen(f"{url}{DOCUMENTS}/{documents[0]['id']}") as answer:
                        assert json.load(answer)["content"] == documents[0]["content"]
                    break
                except OSError:
                    time.sleep(0.2)
            else:
                sys.exit("the peer does not start")
            per_second = {(who, which): [] for who in ("FastAPI", "sotto") for which in scripts}
            for i in range(args.rounds):
                for which, script in scripts.items():
                    per_second["FastAPI", which].append(measure(f"FastAPI {which}", peer.pid, url, script, args))
                    add(server.url, args.documents + 2 * i + (which == "new"))
                    before = kept_hits(server.url)
                    per_second["sotto", which].append(measure(f"sotto {which}", server.process.pid, server.url, script, args))
                    if which == "new":
                        print(f"               {kept_hits(server.url) - before} of them were no look-ups")
        finally:
            peer.terminate()
            peer.wait(20)
    for which in scripts:
        ratio = statistics.median(per_second["sotto", which]) / statistics.median(per_second["FastAPI", which])
        print(f"{'met   ' if ratio >= 20 else 'MISSED'} {which}: a second of processor answers {ratio:.1f} times as many (goal 20)")


if __name__ == "__main__":
    main()
