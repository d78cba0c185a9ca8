"""Every call of the system and every allocation fails once, and from then on: what the server makes of it.

    fault_campaign.py --program build/dev/bin/sotto --library build/dev/libfaults.so [--scenario NAME] [--kind NAME]
                      [--most N] [--seconds S] [--from N] [--record FILE]

For each scenario (fault_scenarios.py; start and first-start) the calls of each kind that it makes are counted
first. Then the scenario is run again with the 1st of them failing, the 2nd, ... once, and again with all from there
on (--most: of many, that many are picked over the whole range). With faults.h's library in its way, the real server,
its zygote and its confined children are reached; the board says which call fails.

What must hold each time:
  - nothing dies: no signal, no exit of the server (a start may end, with a status and a line that says why);
  - who asked is answered: with the thing itself, or with an error of the documented shape, or, when the fault is the
    connection's own, with its end. While all fails for ever the answer may wait until that is over;
  - afterwards it goes on: the same thing succeeds, what was answered with 201 is there, what was deleted is gone;
  - at the end no descriptor is left over, and `sotto doctor` finds the data whole.

Exit status 0, or 1 with a line for each fault found. SOTTO_TORTURE=full tries them all; with --record it goes on where
it was ended."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from fault_lib import CLOSED, NAMES, PATIENCE, SILENT, Board, Fault, Server, ask, expect, problem
from fault_scenarios import SCENARIOS

FULL = os.environ.get("SOTTO_TORTURE") == "full"
HELD = 1.0 if FULL else 0.3  # seconds for which all fails "for ever", when no answer comes before
WARM = 3 if FULL else 2       # times that a scenario is run first: what is loaded at the first use is the start's
COUNTED = 3 if FULL else 1    # times that its calls are counted; the most of each kind is taken
AGAIN = 3                    # times that a fault is tried that nobody met
# Of scenarios that make tens of thousands of allocations a full campaign tries so many of a kind (--most 0: all).
PICKED = {"first-start": 1000, "first-tls": 300, "backup": 2000, "restore": 2000}
NEWS_S = 20                  # seconds between two lines of progress
# The connection itself is hit: its end is an answer.
MAY_CLOSE = {"alloc", "alloc_lib", "accept", "recv", "send", "epoll", "sockopt", "wait", "descriptor", "copy", "read",
             "thread", "stat", "random"}


def check(scenario, kind, forever, got):
    """What was answered is the thing itself, an error of the documented shape, or an end where that may be."""
    if got is SILENT:
        raise Fault("no answer")
    if got is CLOSED and NAMES[kind] not in MAY_CLOSE and NAMES[kind] not in scenario.own:
        raise Fault("the connection ends without an answer")
    if got.status > 0 and got.status not in scenario.good:
        if got.status < 400:
            raise Fault(f"neither done nor an error: {got}")
        if not (forever and NAMES[kind] == "alloc" and not got.body):
            problem(got)  # with no byte to be had, the status is all there is


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
    check(scenario, kind, forever, got)
    expect(scenario.ask("GET", "/health"), (200,), "its health afterwards")
    scenario.settle(n, got)
    return "unhit" if not hit else "closed" if got is CLOSED else "done" if got.status in scenario.good else "error"


def picked(count, most):
    """1..count, or of them `most`: the first and the last ones, the others spread evenly."""
    if not most or count <= most:
        return list(range(1, count + 1))
    if most == 1:
        return [1 + count // 3]
    return sorted({1 + round(i * (count - 1) / (most - 1)) for i in range(most)})


def used(server):
    """What a server that listens is asked: much of its start goes on meanwhile."""
    expect(ask(server.port, "GET", "/health"), (200, 503), "its health")
    expect(ask(server.port, "GET", "/api/v1/knowledge/search?q=lighthouse"), (200, 503), "a search")


def start_once(server, board, kind, nth, forever):
    """The start with a fault: it listens and works, or it ends and says why."""
    size = server.log.stat().st_size if server.log.exists() else 0
    board.arm(kind, nth, forever)
    server.launch()
    state = server.wait(3 * HELD if forever else PATIENCE)
    board.disarm()
    hit = board.hits()
    if state is None:
        state = server.wait(PATIENCE)
    if state is None:
        server.kill()
        raise Fault(f"a start that neither listens nor ends: {server.tail()}")
    if state:
        used(server)
        code = server.stop()
        if code != 0:
            raise Fault(f"it listened, and ended with {code}: {server.tail()}")
        return "unhit" if not hit else "done"
    code = server.process.returncode
    server.process.stdout.close()
    said = server.log.read_text(errors="replace")[size:].strip()
    if code <= 0:
        raise Fault(f"a start that ended with {code}: {said[-300:]}")
    if not said and NAMES[kind] not in ("write", "alloc", "alloc_lib"):  # what it would say may be what fails
        raise Fault(f"a start that ended with {code} and says nothing")
    return "unhit" if not hit else "error"


class Record:
    """What became of each fault, a line each in a file, so that a campaign goes on where it was ended."""

    def __init__(self, path):
        self.done, self.file = {}, None
        if path:
            lines = path.read_text().splitlines() if path.exists() else []
            for line in lines:
                scenario, kind, nth, forever, word = json.loads(line)[:5]
                self.done[scenario, kind, nth, forever] = word
            self.file = open(path, "a")

    def was(self, scenario, kind, nth, forever):
        """Its word, unless that was a fault."""
        word = self.done.get((scenario, NAMES[kind], nth, forever))
        return None if word == "FAULT" else word

    def add(self, scenario, kind, nth, forever, word, seconds):
        if self.file:
            print(json.dumps([scenario, NAMES[kind], nth, forever, word, round(seconds, 3)]), file=self.file, flush=True)


class Tally:
    """How far a scenario is: what became of its faults, of each kind and together."""

    def __init__(self, name, jobs, counts):
        self.name, self.jobs, self.counts, self.words, self.kinds = name, jobs, counts, {}, {}
        self.began = self.told = time.monotonic()
        self.tried = 0

    def add(self, kind, word, fresh=True):
        self.words[word] = self.words.get(word, 0) + 1
        of = self.kinds.setdefault(NAMES[kind], {})
        of[word] = of.get(word, 0) + 1
        self.tried += fresh
        now = time.monotonic()
        if FULL and now - self.told > NEWS_S:
            done = sum(self.words.values())
            each = (now - self.began) / max(1, self.tried)
            self.told = now
            print(f"  {self.name}: {done} of {len(self.jobs)}, at {NAMES[kind]}, {each:.2f} s each, "
                  f"{(len(self.jobs) - done) * each / 60:.0f} min left", flush=True)

    def report(self):
        seconds = time.monotonic() - self.began
        print(f"{self.name}: {sum(self.words.values())} faults of {len(self.jobs)} in {seconds:.0f} s: {self.words}; "
              f"calls: " + " ".join(f"{k} {c}" for k, c in zip(NAMES, self.counts) if c), flush=True)
        if FULL:
            for kind, words in self.kinds.items():
                print(f"  {kind}: {words}", flush=True)


def in_memory():
    """A folder whose fsync costs nothing: most of what a case waits for. None: the usual one."""
    shared = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < 1 << 30:
        return None
    return shared


class Campaign:
    def __init__(self, options):
        self.options, self.found, self.turn = options, [], 0
        self.folder = Path(tempfile.mkdtemp(prefix="sotto-faults-", dir=in_memory()))
        self.board = Board(self.folder / "board")
        self.server = Server(options, self.folder, self.folder / "board")
        self.end = time.monotonic() + options.seconds if options.seconds else None
        self.record = Record(options.record)

    def note(self, what, kind, nth, forever, fault):
        line = f"{what}: {NAMES[kind]} {nth}{' and all after' if forever else ''}: {fault}"
        self.found.append(line)
        print("FAULT " + line, flush=True)

    def plan(self, name, counts, slow=1):
        """(kind, nth, forever) in an order that a short run sees something of every kind of."""
        jobs = []
        for kind, count in sorted(enumerate(counts), key=lambda of: of[1]):
            if self.options.kind and NAMES[kind] not in self.options.kind:
                continue
            for nth in picked(count, PICKED.get(name, 0) if self.options.most is None else self.options.most):
                if nth >= self.options.first:
                    jobs += [(kind, nth, 0), (kind, nth, 1)]
        if self.options.most == 1:  # the short run: each kind once or for ever, by turns over the scenarios
            self.turn += 1
            jobs = [j for j in jobs if (j[0] + self.turn) % 2 == j[2]]
        return jobs[::slow] if self.options.most == 1 else jobs

    def late(self):
        return self.end is not None and time.monotonic() > self.end

    def count(self, scenario, board):
        """The calls of each kind that it makes."""
        for n in range(0 if scenario.first else WARM):
            scenario.prepare(n)
            expect(scenario.run(n), scenario.good, scenario.name)
        most = [0] * len(NAMES)
        for n in range(WARM, WARM + COUNTED):
            self.anew(scenario)
            scenario.prepare(n)
            board.count()
            got = expect(scenario.run(n), scenario.good, scenario.name)
            most = [max(pair) for pair in zip(most, board.counts())]
            scenario.settle(n, got)
        return most

    def anew(self, scenario):
        if scenario.first:
            if self.server.stop() != 0:
                raise Fault(f"ends with {self.server.process.returncode}")
            self.server.start()

    def again(self, scenario):
        """After a death or a silence: another server."""
        if self.server.process.poll() is None:
            self.server.kill()
        self.server.start()
        scenario.prepare(0)

    def scenario(self, cls):
        self.server.tls = cls.tls
        self.server.start()
        board = Board(self.folder / "board.command") if cls.command else self.board
        scenario = cls(self.server)
        counts = self.count(scenario, board)
        self.used_at_once(scenario)
        before, n = self.server.descriptors(), WARM + COUNTED
        jobs = self.plan(cls.name, counts, slow=cls.slow)
        tally = Tally(cls.name, jobs, counts)
        for kind, nth, forever in jobs:
            if self.late():
                break
            word = self.record.was(cls.name, kind, nth, forever)
            if word:
                tally.add(kind, word, fresh=False)
                continue
            began = time.monotonic()
            try:
                for _ in range(AGAIN):
                    n += 1
                    self.anew(scenario)
                    word = one(scenario, board, kind, n, nth, forever)
                    if word != "unhit":
                        break
            except Fault as fault:
                word = "FAULT"
                board.disarm()
                self.note(cls.name, kind, nth, forever, fault)
                if self.server.process.poll() is not None or "no answer" in str(fault):
                    self.again(scenario)
                    self.used_at_once(scenario)
                    before = self.server.descriptors()
            tally.add(kind, word)
            self.record.add(cls.name, kind, nth, forever, word, time.monotonic() - began)
        self.leftovers(cls, before)
        tally.report()
        if self.server.stop() != 0:
            self.found.append(f"{cls.name}: ends with {self.server.process.returncode}")
        self.server.tls = False

    @staticmethod
    def used_at_once(scenario):
        """Every worker searches: what each of them opens at its first job is no leftover."""
        askers = [threading.Thread(target=scenario.ask, args=("GET", "/api/v1/knowledge/search?q=lighthouse"))
                  for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()

    def leftovers(self, cls, before):
        for _ in range(100):  # connections that end on their own
            left = Counter(self.server.descriptors()) - Counter(before)
            if left.total() <= 4:
                return
            time.sleep(0.1)
        self.found.append(f"{cls.name}: {left.total()} descriptors are left over: {dict(left)}")
        print("FAULT " + self.found[-1], flush=True)

    def start(self, name):
        """Of data that are there; the first-start makes them, and after a fault the next one goes on from what it
        left."""
        first = name == "first-start"
        self.server.start()
        self.server.stop()
        if first:
            self.server.forget()
        self.board.count()
        self.server.start()
        used(self.server)
        self.server.stop()
        counts = self.board.counts()
        jobs = self.plan(name, counts, slow=3 if first else 1)
        tally = Tally(name, jobs, counts)
        for kind, nth, forever in jobs:
            if self.late():
                break
            word = self.record.was(name, kind, nth, forever)
            if word:
                tally.add(kind, word, fresh=False)
                continue
            began = time.monotonic()
            try:
                if first:
                    self.server.forget()
                word = start_once(self.server, self.board, kind, nth, forever)
                if first and word != "unhit":
                    self.server.start()
                    self.server.stop()
            except Fault as fault:
                word = "FAULT"
                self.board.disarm()
                self.note(name, kind, nth, forever, fault)
                if self.server.process.poll() is None:
                    self.server.kill()
            tally.add(kind, word)
            self.record.add(name, kind, nth, forever, word, time.monotonic() - began)
        tally.report()

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
            for name in ("start", "first-start"):
                if not self.options.scenario or name in self.options.scenario:
                    self.start(name)
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
    p.add_argument("--most", type=int, default=None if FULL else 1,
                   help="faults of a kind in a scenario; 0: all, also where a full campaign picks some")
    p.add_argument("--from", dest="first", type=int, default=1)
    p.add_argument("--seconds", type=float, default=0)
    p.add_argument("--record", type=Path, help="what became of each fault is kept here, and not tried again")
    p.add_argument("--keep", action="store_true")
    return Campaign(p.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
