"""Every call of the system and every allocation fails once, and from then on: what the server makes of it.

    fault_campaign.py --program build/dev/bin/sotto --library build/dev/libfaults.so [--scenario NAME] [--kind NAME]
                      [--most N] [--seconds S] [--from N]

For each scenario (start, upload, search, delete, briefing, voice) the calls of each kind that it makes are counted
first. Then the scenario is run again with the 1st of them failing, the 2nd, ... once, and again with all from there
on (--most: of many, that many are picked over the whole range). With faults.h's library in its way, the real server,
its zygote and its confined children are reached; the board says which call fails.

What must hold each time:
  - nothing dies: no signal, no exit of the server (a start may end, with a status and a line that says why);
  - who asked is answered: with the thing itself, or with an error of the documented shape, or, when the fault is the
    connection's own, with its end. While all fails for ever the answer may wait until that is over;
  - afterwards it goes on: the same thing succeeds, what was answered with 201 is there, what was deleted is gone;
  - at the end no descriptor is left over, and `sotto doctor` finds the data whole.

Exit status 0, or 1 with a line for each fault found. SOTTO_TORTURE=full tries them all."""
import argparse
import errno
import http.client
import json
import mmap
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from server import MODELS  # noqa: E402

KINDS = [(name, [getattr(errno, e) for e in errors.split()])
         for name, errors in re.findall(r"^    X\((\w+), ([A-Z ]+)\)", (HERE / "faults.h").read_text(), re.M)]
NAMES = [name for name, _ in KINDS]
NONE = 0xFFFFFFFF
PATIENCE = 30  # seconds for an answer; a fault that makes somebody wait for ever is what is looked for
FULL = os.environ.get("SOTTO_TORTURE") == "full"
HELD = 1.0 if FULL else 0.3  # seconds for which all fails "for ever", when no answer comes before
BOARD = struct.Struct("<IIQIIQ64Q")
# The connection itself is hit: its end is an answer.
MAY_CLOSE = {"alloc", "alloc_lib", "accept", "recv", "send", "epoll", "sockopt", "wait", "descriptor", "copy", "read",
             "thread", "stat", "random"}


class Board:
    def __init__(self, path):
        path.write_bytes(BOARD.pack(NONE, 0, 0, 0, 0, 0, *[0] * 64))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), BOARD.size)

    def arm(self, kind, nth, forever):
        errors = KINDS[kind][1]
        self.map[:BOARD.size] = BOARD.pack(NONE, errors[nth % len(errors)], nth, forever, 0, 0, *[0] * 64)
        self.map[:4] = struct.pack("<I", kind)

    def count(self):
        self.map[:BOARD.size] = BOARD.pack(NONE, 0, 0, 0, 0, 0, *[0] * 64)

    def disarm(self):
        self.map[:4] = struct.pack("<I", NONE)

    def hits(self):
        return BOARD.unpack(self.map[:BOARD.size])[5]

    def counts(self):
        return BOARD.unpack(self.map[:BOARD.size])[6:6 + len(KINDS)]


class Fault(Exception):
    """What must not be."""


class Answer:
    def __init__(self, status, body, kind=""):
        self.status, self.body, self.kind = status, body, kind

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


CLOSED, SILENT = Answer(0, b"closed"), Answer(-1, b"no answer")


def ask(port, method, path, body=None, headers=None, patience=PATIENCE):
    """An Answer; CLOSED when the connection ends without one, SILENT when nothing comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request(method, path, body, {"Connection": "close", **(headers or {})})
        got = connection.getresponse()
        return Answer(got.status, got.read(), got.headers.get("Content-Type", ""))
    except TimeoutError:
        return SILENT
    except (OSError, http.client.HTTPException):
        return CLOSED
    finally:
        connection.close()


class Server:
    def __init__(self, options, folder, board_path):
        self.options, self.data, self.board_path = options, folder / "data", board_path
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.log = folder / "server.log"

    def environment(self, faults=True):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_") and k != "LD_PRELOAD"}
        own = {"SOTTO_DATA": str(self.data), "SOTTO_MODELS": str(MODELS), "SOTTO_SPEECH_MODEL": "whisper-tiny.en",
               "SOTTO_SPEECH_VOICE": "en_US-joe-medium", "XDG_CONFIG_HOME": str(self.data / "none"),
               "SOTTO_DESKTOP_NOTIFICATIONS": "no", "SOTTO_THREADS": "2"}
        if faults:
            own.update(LD_PRELOAD=str(self.options.library), SOTTO_FAULTS=str(self.board_path))
        return {**clean, **own}

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.options.program, "serve", "--listen", "127.0.0.1:0"],
                                            stdout=subprocess.PIPE, stderr=log, env=self.environment())

    def wait(self, seconds):
        """True: it listens; False: it ended; None: neither, yet."""
        line = []
        reader = threading.Thread(target=lambda: line.append(self.process.stdout.readline().decode()), daemon=True)
        if not hasattr(self, "reader"):
            self.reader, self.line = reader, line
            reader.start()
        self.reader.join(seconds)
        if self.reader.is_alive():
            return None
        text = self.line[0]
        del self.reader
        if not text.startswith("listening on"):
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            return False
        self.port = int(text.rsplit(":", 1)[1].strip().rstrip("/"))
        return True

    def start(self):
        self.launch()
        if not self.wait(PATIENCE):
            raise Fault(f"does not start: {self.tail()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Fault("does not stop when asked to")
        self.process.stdout.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def alive(self):
        if self.process.poll() is not None:
            raise Fault(f"the server ended with {self.process.returncode}: {self.tail()}")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def tail(self):
        return self.log.read_text(errors="replace")[-600:] if self.log.exists() else ""


def expect(got, statuses, what):
    if got.status not in statuses:
        raise Fault(f"{what}: {got}")
    return got


def problem(got):
    """An error has the shape of docs/API.md."""
    try:
        body = json.loads(got.body)
    except ValueError:
        raise Fault(f"an error that is no JSON: {got}")
    if body.get("status") != got.status or not body.get("code") or not body.get("detail"):
        raise Fault(f"an error without code or detail: {got}")


JSON = {"Content-Type": "application/json"}


class Scenario:
    """prepare(n): unarmed; run(n): the call that is hit; settle(n, got): unarmed, may raise Fault."""
    every = 1  # settle's thorough look each so many times
    slow = 1   # the short run takes each so many faults

    def __init__(self, server):
        self.server = server

    def ask(self, *args, **kw):
        return ask(self.server.port, *args, **kw)

    def prepare(self, n):
        pass


class Upload(Scenario):
    name, good = "upload", (200, 201)
    path = "/api/v1/knowledge/documents"

    def body(self, n):
        text = (f"<html><head><title>Letter {n}</title></head><body><h1>The harbour of lot {n}</h1>"
                f"<p>Ferry number {n} leaves at noon on 3 May 2027. Dana has the spare key {n * 7919}.</p></body></html>")
        return (f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"letter{n}.html\"\r\n"
                f"Content-Type: text/html\r\n\r\n{text}\r\n--b--\r\n").encode()

    def run(self, n):
        return self.ask("POST", self.path, self.body(n), {"Content-Type": "multipart/form-data; boundary=b"})

    def settle(self, n, got):
        again = expect(self.run(n), (200, 201), "the same upload afterwards")
        document = json.loads(again.body)
        if got.status in self.good and json.loads(got.body)["id"] != document["id"]:
            raise Fault("what was answered with an id has another one afterwards")
        seen = expect(self.ask("GET", f"{self.path}/{document['id']}"), (200,), "reading it back")
        if f"Ferry number {n} leaves" not in json.loads(seen.body)["content"]:
            raise Fault(f"the text is not there: {seen}")
        found = expect(self.ask("GET", f"/api/v1/knowledge/search?q=spare+key+{n * 7919}"), (200,), "searching for it")
        if document["id"] not in found.body.decode():
            raise Fault("it is not found")
        expect(self.ask("DELETE", f"{self.path}/{document['id']}"), (200, 204), "deleting it")


class Search(Scenario):
    name, good = "search", (200,)

    def prepare(self, n):
        if n == 0:
            for i in range(20):
                expect(self.ask("POST", "/api/v1/knowledge/documents", json.dumps(
                    {"title": f"Page {i}", "content": f"The lighthouse keeper wrote page {i} about storms and rope."}),
                    JSON), (200, 201), "a document to be found")

    def run(self, n):
        return self.ask("GET", f"/api/v1/knowledge/search?q=lighthouse+storms+{n}&limit=5")

    def settle(self, n, got):
        if got.status == 200 and b"lighthouse" not in got.body:
            raise Fault(f"an answer without what is there: {got}")
        again = expect(self.run(n), (200,), "the same search afterwards")
        if b"lighthouse" not in again.body:
            raise Fault(f"not found afterwards: {again}")


class Delete(Scenario):
    name, good = "delete", (200, 204)
    path = "/api/v1/knowledge/documents"

    def prepare(self, n):
        made = expect(self.ask("POST", self.path, json.dumps(
            {"title": f"Gone {n}", "content": f"A passing thought about walnut {n}."}), JSON), (200, 201), "a document")
        self.id = json.loads(made.body)["id"]

    def run(self, n):
        return self.ask("DELETE", f"{self.path}/{self.id}")

    def settle(self, n, got):
        seen = expect(self.ask("GET", f"{self.path}/{self.id}"), (200, 404), "looking for it")
        if got.status in self.good and seen.status == 200:
            raise Fault("what was answered as deleted is there")
        expect(self.run(n), (200, 204) if seen.status == 200 else (404,), "deleting it afterwards")
        found = expect(self.ask("GET", f"/api/v1/knowledge/search?q=walnut+{n}"), (200,), "searching for it")
        if self.id in found.body.decode():
            raise Fault("it is still found")


class Briefing(Scenario):
    name, good = "briefing", (200,)

    def prepare(self, n):
        if n == 0:
            for i in range(5):
                expect(self.ask("POST", "/api/v1/tasks", json.dumps({"title": f"Task {i}"}), JSON), (200, 201), "a task")

    def run(self, n):  # another day each time, so that none is kept already
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * (n % 9)))
        return self.ask("GET", f"/api/v1/briefing/daily?date={day}&tz=Europe/Berlin")

    def settle(self, n, got):
        expect(self.run(n), (200,), "the same briefing afterwards")


class Voice(Scenario):
    name, good, every, slow = "voice", (200,), 10, 3

    def prepare(self, n):
        if n == 0:
            made = expect(self.ask("POST", "/api/v1/voice/synthesize", json.dumps({"text": "What is due today?"}), JSON),
                          (200,), "something said")
            self.sound = made.body

    def run(self, n):
        return self.ask("POST", "/api/v1/voice/process", self.sound, {"Content-Type": "audio/wav"})

    def settle(self, n, got):
        if n % self.every == 0 or got.status != 200:
            heard = expect(self.run(n), (200,), "the same sound afterwards")
            if not json.loads(heard.body)["transcript"]:
                raise Fault(f"nothing is heard afterwards: {heard}")


SCENARIOS = [Upload, Search, Delete, Briefing, Voice]


def one(scenario, board, kind, n, nth, forever):
    """One fault; gives what became of it in a word."""
    scenario.prepare(n)
    board.arm(kind, nth, forever)
    answers = []
    asker = threading.Thread(target=lambda: answers.append(scenario.run(n)), daemon=True)
    asker.start()
    asker.join(HELD if forever else PATIENCE)
    board.disarm()
    hit = board.hits()
    asker.join(PATIENCE)
    scenario.server.alive()
    got = answers[0] if answers else SILENT
    if got is SILENT:
        raise Fault("no answer")
    if got is CLOSED and NAMES[kind] not in MAY_CLOSE:
        raise Fault("the connection ends without an answer")
    if got.status > 0 and got.status not in scenario.good:
        if got.status < 400:
            raise Fault(f"neither done nor an error: {got}")
        if not (forever and NAMES[kind] == "alloc" and not got.body):
            problem(got)  # with no byte to be had, the status is all there is
    expect(scenario.ask("GET", "/health"), (200,), "its health afterwards")
    scenario.settle(n, got)
    return "unhit" if not hit else "closed" if got is CLOSED else "done" if got.status in scenario.good else "error"


# A start makes tens of thousands of allocations in libraries (SQLite reading its schema, dlopen): spread over all of
# them, so many are tried in a full campaign.
START_LIBRARY = 2000
# libcrypto 3.0 does not look whether it got its own first locks (EVP_MD_fetch reads through NULL): so many deaths of a
# start without memory for a library are its own. Nothing is open then.
LIBRARY_DEATHS = 12


def picked(count, most):
    """1..count, or of them `most`: the first and the last ones, the others spread evenly."""
    if not most or count <= most:
        return list(range(1, count + 1))
    if most == 1:
        return [1 + count // 3]
    return sorted({1 + round(i * (count - 1) / (most - 1)) for i in range(most)})


def start_once(server, board, kind, nth, forever):
    """The start with a fault: it listens and works, or it ends and says why."""
    size = server.log.stat().st_size if server.log.exists() else 0
    board.arm(kind, nth, forever)
    server.launch()
    state = server.wait(10 * HELD if forever else PATIENCE)
    board.disarm()
    hit = board.hits()
    if state is None:
        state = server.wait(PATIENCE)
    if state is None:
        server.kill()
        raise Fault(f"a start that neither listens nor ends: {server.tail()}")
    if state:
        expect(ask(server.port, "GET", "/health"), (200, 503), "its health")
        expect(ask(server.port, "GET", "/api/v1/knowledge/search?q=lighthouse"), (200, 503), "a search")
        code = server.stop()
        if code != 0:
            raise Fault(f"it listened, and ended with {code}: {server.tail()}")
        return "unhit" if not hit else "done"
    code = server.process.returncode
    server.process.stdout.close()
    said = server.log.read_text(errors="replace")[size:].strip()
    if code == -signal.SIGSEGV and NAMES[kind] == "alloc_lib":
        return "library's death"
    if code <= 0:
        raise Fault(f"a start that ended with {code}: {said[-300:]}")
    if not said and NAMES[kind] not in ("write", "alloc", "alloc_lib"):  # what it would say may be what fails
        raise Fault(f"a start that ended with {code} and says nothing")
    return "unhit" if not hit else "error"


class Campaign:
    def __init__(self, options):
        self.options, self.found, self.turn = options, [], 0
        self.folder = Path(tempfile.mkdtemp(prefix="sotto-faults-"))
        self.board = Board(self.folder / "board")
        self.server = Server(options, self.folder, self.folder / "board")
        self.end = time.monotonic() + options.seconds if options.seconds else None

    def note(self, what, kind, nth, forever, fault):
        line = f"{what}: {NAMES[kind]} {nth}{' and all after' if forever else ''}: {fault}"
        self.found.append(line)
        print("FAULT " + line, flush=True)

    def plan(self, counts, start=False, slow=1):
        """(kind, nth, forever) in an order that a short run sees something of every kind of."""
        jobs = []
        for kind, count in enumerate(counts):
            if self.options.kind and NAMES[kind] not in self.options.kind:
                continue
            most = self.options.most
            if start and NAMES[kind] == "alloc_lib" and most == 0:
                most = START_LIBRARY
            for nth in picked(count, most):
                if nth >= self.options.first:
                    jobs += [(kind, nth, 0), (kind, nth, 1)]
        if self.options.most == 1:  # the short run: each kind once or for ever, by turns over the scenarios
            self.turn += 1
            jobs = [j for j in jobs if (j[0] + self.turn) % 2 == j[2]]
        return jobs[::slow] if self.options.most == 1 else jobs

    def late(self):
        return self.end is not None and time.monotonic() > self.end

    def scenario(self, cls):
        self.server.start()
        scenario = cls(self.server)
        for n in range(3):  # warm: what is loaded at the first use is the start's
            scenario.prepare(n)
            expect(scenario.run(n), scenario.good, cls.name)
        scenario.prepare(3)
        self.board.count()
        expect(scenario.run(3), scenario.good, cls.name)
        counts, before, tally, n = self.board.counts(), self.server.descriptors(), {}, 3
        jobs, began = self.plan(counts, slow=cls.slow), time.monotonic()
        for kind, nth, forever in jobs:
            if self.late():
                break
            n += 1
            try:
                word = one(scenario, self.board, kind, n, nth, forever)
                tally[word] = tally.get(word, 0) + 1
            except Fault as fault:
                self.board.disarm()
                self.note(cls.name, kind, nth, forever, fault)
                if self.server.process.poll() is not None or "no answer" in str(fault):
                    self.server.kill()
                    self.server.start()
                    scenario.prepare(0)
                    before = self.server.descriptors()
        self.leftovers(cls, before)
        print(f"{cls.name}: {sum(tally.values())} faults of {len(jobs)} in {time.monotonic() - began:.0f} s: {tally}; calls: " +
              " ".join(f"{k} {c}" for k, c in zip(NAMES, counts) if c), flush=True)
        if self.server.stop() != 0:
            self.found.append(f"{cls.name}: ends with {self.server.process.returncode}")

    def leftovers(self, cls, before):
        for _ in range(100):  # connections that end on their own
            left = self.server.descriptors() - before
            if left <= 4:
                return
            time.sleep(0.1)
        self.found.append(f"{cls.name}: {left} descriptors are left over")
        print("FAULT " + self.found[-1], flush=True)

    def start(self):
        self.server.start()  # the first one makes the data; the others find them
        self.server.stop()
        self.board.count()
        self.server.start()
        counts, tally = self.board.counts(), {}
        self.server.stop()
        jobs, began = self.plan(counts, start=True), time.monotonic()
        for kind, nth, forever in jobs:
            if self.late():
                break
            try:
                word = start_once(self.server, self.board, kind, nth, forever)
                tally[word] = tally.get(word, 0) + 1
            except Fault as fault:
                self.board.disarm()
                self.note("start", kind, nth, forever, fault)
                if self.server.process.poll() is None:
                    self.server.kill()
            if hasattr(self.server, "reader"):
                del self.server.reader
        if tally.get("library's death", 0) > LIBRARY_DEATHS:
            self.found.append(f"start: {tally} deaths without memory for a library: more than libcrypto's")
            print("FAULT " + self.found[-1], flush=True)
        print(f"start: {sum(tally.values())} faults of {len(jobs)} in {time.monotonic() - began:.0f} s: {tally}; calls: " +
              " ".join(f"{k} {c}" for k, c in zip(NAMES, counts) if c), flush=True)

    def doctor(self):
        said = subprocess.run([self.options.program, "doctor"], env=self.server.environment(faults=False),
                              capture_output=True, text=True, timeout=300)
        if said.returncode != 0:
            bad = [line for line in said.stdout.splitlines() if line.startswith("BAD")]
            self.found.append(f"doctor: {bad or said.stderr[-300:]}")
            print("FAULT " + self.found[-1])

    def run(self):
        try:
            for cls in SCENARIOS:
                if not self.options.scenario or cls.name in self.options.scenario:
                    self.scenario(cls)
            if not self.options.scenario or "start" in self.options.scenario:
                self.start()
            self.server.start()
            self.server.stop()
            self.doctor()
        finally:
            if self.server.process.poll() is None:
                self.server.kill()
            if self.options.keep:
                print(f"kept: {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)
        print(f"{len(self.found)} faults found")
        return 1 if self.found else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", type=Path, default=os.environ.get("SOTTO_BIN"))
    p.add_argument("--library", type=Path, default=os.environ.get("SOTTO_FAULT_LIBRARY"))
    p.add_argument("--scenario", action="append")
    p.add_argument("--kind", action="append")
    p.add_argument("--most", type=int, default=0 if FULL else 1,
                   help="faults of a kind in a scenario; 0: all")
    p.add_argument("--from", dest="first", type=int, default=1)
    p.add_argument("--seconds", type=float, default=0)
    p.add_argument("--keep", action="store_true")
    return Campaign(p.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
