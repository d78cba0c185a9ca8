"""kill -9 while clients upload, change and delete: nothing that was acknowledged is lost, nothing is half
there, and the database passes its own checks. SOTTO_KILL_ROUNDS sets the number of deaths."""
import http.client
import json
import os
import random
import subprocess
import threading
import time

from server import PROGRAM, Server

ROUNDS = int(os.environ.get("SOTTO_KILL_ROUNDS", "8"))
KNOWLEDGE = "/api/v1/knowledge"


def request(url, method, path, body=None):
    """status and parsed body; raises OSError or HTTPException when the server died under it."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None
    finally:
        connection.close()


class Writer(threading.Thread):
    """Uploads, and now and then changes or deletes what it uploaded, until the server dies."""

    def __init__(self, url, seed, known):
        super().__init__()
        self.url, self.random, self.known = url, random.Random(seed), known
        self.fault = None

    def run(self):
        mine = []
        try:
            while True:
                word = f"w{self.random.getrandbits(60):015x}"
                text = f"{word} stands in this note. " + "It says little else of any interest. " * self.random.randrange(40)
                self.known[word] = "offered"
                status, doc = request(self.url, "POST", KNOWLEDGE + "/documents", {"title": "Note " + word, "content": text})
                assert status == 201, doc
                self.known[word] = ("there", doc["id"], text)
                mine.append((word, doc["id"]))
                if self.random.random() < 0.3:
                    word, ident = mine.pop(self.random.randrange(len(mine)))
                    self.known[word] = "offered"  # between the request and its answer both are allowed
                    status, _ = request(self.url, "DELETE", f"{KNOWLEDGE}/documents/{ident}")
                    assert status == 204
                    self.known[word] = ("gone", ident, None)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return  # killed
        except AssertionError as fault:
            self.fault = fault


def check(url, known, words):
    for word in words:
        state = known[word]
        if state == "offered":
            continue
        kind, ident, text = state
        status, doc = request(url, "GET", f"{KNOWLEDGE}/documents/{ident}")
        assert status == (200 if kind == "there" else 404), (word, kind, status)
        _, found = request(url, "GET", f"{KNOWLEDGE}/search?mode=keyword&q={word}")
        hits = [d["id"] for d in found["documents"]]
        if kind == "there":
            assert doc["content"] == text.strip() or doc["content"] == text
            assert hits == [ident], (word, hits)
        else:
            assert ident not in hits


def answered(known, before, count):
    """Waits until that many uploads of the round have been acknowledged."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if sum(1 for word, state in list(known.items()) if word not in before and state != "offered") >= count:
            return
        time.sleep(0.01)
    raise AssertionError("the server acknowledged nothing in two minutes")


def test_kill(tmp_path):
    known, rng = {}, random.Random(2026)
    for turn in range(ROUNDS):
        before = set(known)
        with Server(tmp_path, env={"SOTTO_LOG": "error"}) as server:
            # All of this round's predecessor, and a sample of everything older.
            check(server.url, known, sorted(before)[-60:] + rng.sample(sorted(before), min(20, len(before))))
            writers = [Writer(server.url, f"{turn}-{n}", known) for n in range(3)]
            for writer in writers:
                writer.start()
            # Most deaths come at a random moment after the round's first answers, however slow the machine is.
            if rng.random() < 0.8:
                answered(known, before, 3)
            time.sleep(rng.uniform(0.05, 0.8))
            server.process.kill()
            for writer in writers:
                writer.join()
                assert not writer.fault, writer.fault
            server.process.wait()
        doctor = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True,
                                env=Server(tmp_path).environment())
        assert doctor.returncode == 0, (turn, doctor.stdout[-3000:], doctor.stderr[-2000:])
    with Server(tmp_path) as server:
        check(server.url, known, sorted(known))
    there = sum(1 for s in known.values() if s[0] == "there")
    assert there >= ROUNDS, "hardly anything was written: the test proved nothing"
