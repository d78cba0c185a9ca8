#!/usr/bin/env python3
"""Search and upload over HTTP, against the real server on one core.

    end_to_end.py [--chunks 100000] [--queries 1000] [--core 0] [--data DIR]

Fills a server with texts of this machine (man pages, package descriptions, Python's documentation strings:
whatever is there, split into pages of text), until it holds that many passages. Then asks queries
that were never asked before - sentences and word groups taken from the texts, and paraphrased questions -
one after the other on one connection, with the server pinned to one core and this client to another.
Printed: what the client waited, percentiles, embedding included; then uploads of a page of text, each
timed until its answer, after which it is searched for. --data keeps the filled folder for the next run.
"""
import argparse
import gzip
import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
from server import Server  # noqa: E402

API = "/api/v1/knowledge"


def machine_texts():
    """(title, text) of pages of text, about 3,000 characters each."""
    def pages(name, text):
        text = re.sub(r"[ \t]+", " ", re.sub(r"[^\n\x20-\x7e\u00a0-\uffff]", "", text))
        parts, page = re.split(r"\n\s*\n", text), []
        for part in parts:
            page.append(part.strip())
            if sum(map(len, page)) > 2500:
                yield name, "\n\n".join(page)
                page = []
        if sum(map(len, page)) > 400:
            yield name, "\n\n".join(page)

    for folder in ("/usr/share/man/man1", "/usr/share/man/man8", "/usr/share/man/man5", "/usr/share/man/man3"):
        for path in sorted(Path(folder).glob("*.gz")):
            try:
                raw = gzip.open(path, "rt", errors="replace").read()
            except OSError:
                continue
            text = re.sub(r"\\f.|\\-|\\&|\\\(..", "", "\n".join(
                line if not line.startswith((".", "'")) else ("\n" if line[1:3] in ("SH", "PP", "TP") else line[4:])
                for line in raw.split("\n")))
            yield from pages(path.name.split(".")[0], text)
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, errors="replace").stdout
    for entry in dump.split("\n\n"):
        name = re.search(r"^Package: (.+)$", entry, re.M)
        text = re.search(r"^Description(?:-en)?: (.+(?:\n .+)+)", entry, re.M)
        if name and text:
            yield name.group(1), re.sub(r"\n \.?", "\n", text.group(1))
    for root in sys.path:
        for path in sorted(Path(root).rglob("*.py")) if root and Path(root).is_dir() else ():
            try:
                found = re.findall(r'"""(.{300,}?)"""', path.read_text(errors="replace"), re.S)
            except OSError:
                continue
            for text in found:
                yield from pages(path.stem, text)


class Client:
    def __init__(self, url):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=120)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Content-Type": "application/json"} if body is not None else {})
        answer = self.connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None


def fill(url, want):
    texts, lock, seen = machine_texts(), threading.Lock(), [0]
    started = time.monotonic()

    def worker():
        client = Client(url)
        while True:
            with lock:
                item = next(texts, None)
                if item is None or seen[0] >= want:
                    return
            status, doc = client.ask("POST", API + "/documents", {"title": item[0], "content": item[1]})
            if status == 201:
                with lock:
                    seen[0] += doc["chunks"]

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        time.sleep(1)
        if not sys.stderr.isatty():
            continue
        print(f"\r{seen[0]} passages, {seen[0] / (time.monotonic() - started):.0f} a second ", end="",
              file=sys.stderr)
    print(file=sys.stderr)


def queries(n, rng):
    """Word groups and sentences of the texts, and questions about their titles."""
    pool = []
    for title, text in machine_texts():
        words = re.findall(r"[A-Za-z][a-z]{2,}", text)
        if len(words) > 60:
            at = rng.randrange(len(words) - 12)
            kind = rng.randrange(3)
            pool.append(" ".join(words[at:at + rng.randint(2, 5)]) if kind == 0 else
                        " ".join(words[at:at + rng.randint(7, 12)]) if kind == 1 else
                        f"how do I use {title} to {' '.join(words[at:at + 3])}?")
        if len(pool) > 20 * n:
            break
    pool = list(dict.fromkeys(pool))
    rng.shuffle(pool)
    return pool[:n]


def line(name, values):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))] * 1e3
    print(f"{name:34} n={len(values):5}  p50 {at(.5):7.2f} ms  p95 {at(.95):7.2f} ms  p99 {at(.99):7.2f} ms")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--chunks", type=int, default=100000)
    args.add_argument("--queries", type=int, default=1000)
    args.add_argument("--core", type=int, default=0)
    args.add_argument("--data", default="build/bench/http-data")
    args = args.parse_args()
    data, rng = Path(args.data), random.Random(7)
    data.mkdir(parents=True, exist_ok=True)
    with Server(data) as server:
        have = Client(server.url).ask("GET", API + "/stats")[1]["chunks"]
        if have < args.chunks:
            fill(server.url, args.chunks - have)
    with Server(data) as server:
        client = Client(server.url)
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), {args.core})
        others = os.sched_getaffinity(0) - {args.core}
        os.sched_setaffinity(0, others or {args.core})
        stats = client.ask("GET", API + "/stats")[1]
        rss = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text()).group(1))
        print(f"{stats['chunks']} passages, {stats['documents']} documents; ready in {server.ready_s * 1e3:.0f} ms; "
              f"{rss / 1024:.0f} MiB resident before the first query")
        asked = queries(args.queries + 50, rng)
        took = {"hybrid": [], "keyword": [], "semantic": []}
        inside = []
        for text in asked[:50]:
            client.ask("GET", f"{API}/search?q={quote(text)}")
        for text in asked[50:]:
            start = time.perf_counter()
            status, found = client.ask("GET", f"{API}/search?q={quote(text)}")
            took["hybrid"].append(time.perf_counter() - start)
            if status != 200 or found["cached"]:
                sys.exit(f"{status} for {text!r}: {found}")
            inside.append(found["query_time_ms"] / 1e3)
        for mode in ("keyword", "semantic"):
            for text in asked[50:350]:
                start = time.perf_counter()
                client.ask("GET", f"{API}/search?mode={mode}&q={quote(text)}")
                took[mode].append(time.perf_counter() - start)
        line("search over HTTP, hybrid", took["hybrid"])
        line("  of it inside search_run", inside)
        for mode in ("keyword", "semantic"):
            line(f"search over HTTP, {mode}", took[mode])
        stored, texts = [], machine_texts()
        for turn in range(200):
            title, text = next(texts)
            word = f"unique{rng.getrandbits(60):015x}"
            start = time.perf_counter()
            status, doc = client.ask("POST", API + "/documents", {"title": title, "content": f"{text}\n\n{word}"})
            stored.append(time.perf_counter() - start)
            _, found = client.ask("GET", f"{API}/search?mode=keyword&q={word}")
            if status != 201 or [d["id"] for d in found["documents"]] != [doc["id"]]:
                sys.exit(f"acknowledged and not found: {word}")
            client.ask("DELETE", f"{API}/documents/{doc['id']}")
        line("a page of text, durable, findable", stored)


if __name__ == "__main__":
    main()
