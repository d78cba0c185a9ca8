#!/usr/bin/env python3
"""Requests a second of processor time for small JSON answers of the whole server, beside nginx and h2o with a static file of
the same size.

    small.py [--rounds 3] [--seconds 2] [--connections 64] [--documents 2000] [--other BINARY]

"document": 200 documents by their ids, asked for again and again (kept as they were sent); "new document": each one after
2,000 others, so that every request is a look-up (cache_requests_total is asked how many were not); then the list of tasks,
health, metrics and a keyword search. --other: another build of the program that takes part, as a base line. One after the
other in each round; processor time is user and system time of the server's process. nginx has one worker, h2o one thread,
neither an access log. Needs wrk, nginx-light and h2o. Goal: documents at least 0.9 of either's static file.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import socket
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
import server  # noqa: E402
from lookup import DOCUMENTS, add, fill, kept_hits, processor_s  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


@contextlib.contextmanager
def peer_process(command, url, **more):
    process = subprocess.Popen(command, **more)
    try:
        for _ in range(100):
            try:
                get(url)
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit(f"{command[0]} does not start")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def nginx(folder, www):
    port = free_port()
    (folder / "n.conf").write_text(
        f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; server_tokens off; keepalive_requests 100000000; tcp_nodelay on; sendfile on;\n"
        f"  open_file_cache max=100; default_type application/json;\n  server {{ listen 127.0.0.1:{port}; root {www}; }} }}\n")
    url = f"http://127.0.0.1:{port}"
    with peer_process(["nginx", "-p", folder, "-c", folder / "n.conf"], url + "/document") as pid:
        yield url, int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextlib.contextmanager
def h2o(folder, www):
    port = free_port()
    (folder / "h2o.conf").write_text(
        f"num-threads: 1\nlisten:\n  host: 127.0.0.1\n  port: {port}\nhosts:\n  default:\n    paths:\n"
        f"      /:\n        file.dir: {www}\n" + ("user: root\n" if os.getuid() == 0 else ""))
    url = f"http://127.0.0.1:{port}"
    with peer_process(["h2o", "-c", folder / "h2o.conf"], url + "/document", stderr=subprocess.DEVNULL) as pid:
        yield url, pid


def script(path, targets):
    path.write_text("local all = {" + ",".join(json.dumps(t) for t in targets) + "}\nlocal i = 0\n"
                    "request = function()\n  i = i % #all + 1\n  return wrk.format('GET', all[i])\nend\n")
    return path


def load(name, pid, url, lua, args):
    before = processor_s(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{args.connections}", f"-d{args.seconds}s", "-s", lua, url], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"{name}: {out}")
    return int(re.search(r"(\d+) requests in", out)[1]), processor_s(pid) - before


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rounds", 3), ("seconds", 2), ("connections", 64), ("documents", 2000)):
        args.add_argument("--" + name, type=int, default=value)
    args.add_argument("--other", type=Path)
    args = args.parse_args()
    for program in ("wrk", "nginx", "h2o"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        programs, asked = {"sotto": server.PROGRAM, **({"other": args.other.resolve()} if args.other else {})}, {}
        for name, program in programs.items():
            server.PROGRAM = program
            s = stack.enter_context(server.Server(stack.enter_context(tempfile.TemporaryDirectory())))
            ids = [d["id"] for d in fill(s.url, args.documents)]
            for i in range(20):
                post(s.url + "/api/v1/tasks", {"title": f"call number {i}"})
            targets = {"document": [f"{DOCUMENTS}/{i}" for i in ids[:200]], "new document": [f"{DOCUMENTS}/{i}" for i in ids],
                       "tasks": ["/api/v1/tasks?limit=20"], "health": ["/health/ready"], "metrics": ["/metrics"],
                       "search": [f"/api/v1/knowledge/search?q=boiler+{i}&mode=keyword&limit=5" for i in range(args.documents)]}
            asked[name] = (s.url, s.process.pid, targets)
        url, _, targets = asked["sotto"]
        www = folder / "www"
        www.mkdir()
        body = get(url + targets["document"][0])
        (www / "document").write_bytes(body)
        peers = {"nginx": stack.enter_context(nginx(folder, www)), "h2o": stack.enter_context(h2o(folder, www))}
        runs, still = {}, script(folder / "still.lua", ["/document"])
        for i in range(args.rounds):
            for name, (at, pid) in peers.items():
                runs.setdefault((name, "static file"), []).append(load(name, pid, at, still, args))
            for what in targets:
                for name, (at, pid, all_targets) in asked.items():
                    if what == "new document":
                        add(at, args.documents + i)
                    lua, before = script(folder / "ask.lua", all_targets[what]), kept_hits(at)
                    n, took = load(f"{name} {what}", pid, at, lua, args)
                    runs.setdefault((name, what), []).append((n, took))
                    if what == "new document" and kept_hits(at) - before > n / 100:
                        sys.exit(f"{name}: {kept_hits(at) - before} of {n} were no look-ups: more documents are needed")
        print(f"a document is {len(body)} bytes; requests a second of processor, median of {args.rounds}")
        middle = {key: statistics.median(n / took if took else 0 for n, took in values) for key, values in runs.items()}
        for (name, what), value in middle.items():
            beside = f", {value / middle['other', what]:.2f} of other's" if name == "sotto" and args.other else ""
            print(f"{name:6} {what:13} {value:9.0f}{beside}")
        for peer in peers:
            ratio = middle["sotto", "document"] / middle[peer, "static file"]
            print(f"{'met   ' if ratio >= 0.9 else 'MISSED'} document: {ratio:.2f} of {peer}'s static file (goal 0.9)")


if __name__ == "__main__":
    main()
