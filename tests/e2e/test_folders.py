"""Watched folders, the ledger and long work, against the real program. Waits poll with generous ceilings: what is
tested is what happens, not how fast."""
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from patience import longer
from server import PROGRAM, Server
from test_kill import KNOWLEDGE, request

FOLDERS, LEDGER = KNOWLEDGE + "/folders", KNOWLEDGE + "/ledger"
CEILING_S = longer(120)
ROUNDS = int(os.environ.get("SOTTO_KILL_ROUNDS", "4"))
KILL_FILES = int(os.environ.get("SOTTO_KILL_FILES", "300" if ROUNDS < 50 else "2000"))


class World:
    def __init__(self, path):
        self.data, self.docs = path / "data", path / "docs"
        self.data.mkdir(mode=0o700)
        self.docs.mkdir()

    def write(self, name, text):
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def call(self, method, path, body=None, status=200):
        got, answer = request(self.server.url, method, path, body)
        assert got == status, (method, path, got, answer)
        return answer

    def add(self, **more):
        self.folder = self.call("POST", FOLDERS, {"path": str(self.docs), **more}, 201)["id"]
        return self.idle()

    def until(self, true, what="it"):
        """The folder's state, as soon as true(state)."""
        end = time.monotonic() + CEILING_S
        while True:
            state = self.call("GET", f"{FOLDERS}/{self.folder}")
            if true(state):
                return state
            assert time.monotonic() < end, f"{what} did not come about: {json.dumps(state)}"
            time.sleep(0.1)

    def idle(self):
        return self.until(lambda f: f["state"] == "watching" and f["synced_at"] and not f["waiting"] and not f["settling"])

    def ledger(self, query=""):
        entries, cursor = {}, ""
        while cursor is not None:
            page = self.call("GET", f"{LEDGER}?limit=1000{query}{cursor}")
            for e in page["entries"]:
                assert e["source"] not in entries, "two entries of one file"
                entries[e["source"]] = e
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"].replace("#", "%23").replace("&", "%26")
        return entries

    def entry(self, name):
        return self.ledger().get(str(self.docs / name))

    def until_entry(self, name, true):
        end = time.monotonic() + CEILING_S
        while True:
            e = self.entry(name)
            if e and true(e):
                return e
            assert time.monotonic() < end, (name, e)
            time.sleep(0.1)

    def documents(self):
        found, cursor = {}, ""
        while cursor is not None:
            page = self.call("GET", f"{KNOWLEDGE}/documents?content=none&limit=200{cursor}")
            found.update({d["id"]: d for d in page["documents"]})
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        return found

    def finds(self, word):
        return [d["id"] for d in self.call("GET", f"{KNOWLEDGE}/search?mode=keyword&q={word}")["documents"]]

    def true_ledger(self):
        """Every entry's state matches the store, and every document has an entry. When nothing is going on."""
        return self.match(self.documents(), self.ledger())

    def true_ledger_at_rest(self):
        """The same, of data that nobody has open."""
        def sotto(*args):
            run = subprocess.run([PROGRAM, *args, "--json"], capture_output=True, text=True, timeout=300,
                                 env=Server(self.data).environment())
            assert run.returncode == 0, (args, run.stdout[-2000:], run.stderr[-2000:])
            return json.loads(run.stdout)
        entries = sotto("ledger")["entries"]
        by_source = {e["source"]: e for e in entries}
        assert len(by_source) == len(entries), "two entries of one file"
        return self.match({d["id"]: d for d in sotto("list", "--all")["documents"]}, by_source)

    @staticmethod
    def match(there, entries):
        named = set()
        for e in entries.values():
            if e["state"] in ("indexed", "duplicate"):
                assert e["document"] in there, e
            if e["state"] in ("deleted",):
                assert e["document"] is None, e
            if e["document"]:
                named.add(e["document"])
        assert set(there) == named
        return there


# Two seconds, as by default, only where it is the waiting that is tested.
SOON = {"SOTTO_LOG": "warn", "SOTTO_FOLDER_SETTLE": "200"}


@pytest.fixture
def world(tmp_path, request):
    w = World(tmp_path)
    with Server(w.data, env=getattr(request, "param", SOON)) as w.server:
        yield w


def test_new_changed_moved_deleted(world):
    world.write("lease.md", "# Lease\n\nThe rent of the cottage is 950 EUR.")
    world.write("deep/down/boiler.txt", "The boiler was serviced by Mr Holm.")
    world.add()
    lease, boiler = world.entry("lease.md"), world.entry("deep/down/boiler.txt")
    assert lease["state"] == boiler["state"] == "indexed" and lease["folder"] == world.folder
    assert world.finds("cottage") == [lease["document"]] and lease["chunks"] >= 1

    world.write("new.txt", "Zinnias grow behind the shed.")
    assert world.until_entry("new.txt", lambda e: e["state"] == "indexed")
    world.write("lease.md", "# Lease\n\nThe rent of the bungalow is 990 EUR.")
    world.until_entry("lease.md", lambda e: e["content_hash"] != lease["content_hash"] and e["state"] == "indexed")
    assert world.entry("lease.md")["document"] == lease["document"], "a changed file keeps its document's id"
    assert world.finds("bungalow") == [lease["document"]] and not world.finds("cottage")

    # Moved: same inode; renamed with its folder; copied and removed: same bytes.
    (world.docs / "deep/down").rename(world.docs / "deep/under")
    moved = world.until_entry("deep/under/boiler.txt", lambda e: e["state"] == "indexed")
    assert moved["document"] == boiler["document"]
    assert world.call("GET", f"{KNOWLEDGE}/documents/{boiler['document']}")["metadata"]["source"] == moved["source"]
    shutil.copyfile(world.docs / "deep/under/boiler.txt", world.docs / "copy.txt")
    (world.docs / "deep/under/boiler.txt").unlink()
    heir = world.until_entry("copy.txt", lambda e: e["state"] == "indexed")
    assert heir["document"] == boiler["document"]
    world.until_entry("deep/under/boiler.txt", lambda e: e["state"] == "deleted")
    assert world.documents()[boiler["document"]]["metadata"]["source"] == str(world.docs / "copy.txt")

    (world.docs / "new.txt").unlink()
    world.until_entry("new.txt", lambda e: e["state"] == "deleted")
    assert not world.finds("zinnias") and len(world.true_ledger()) == 2


def test_nothing_added_by_hand_is_removed(world):
    mine, upload = world.write("mine.txt", "Quinces ripen in October."), "Medlars are eaten when they are soft."
    world.write("same.txt", upload)
    subprocess.run([PROGRAM, "add", mine], check=True, capture_output=True, env=world.server.environment())
    by_hand = world.call("POST", KNOWLEDGE + "/documents", {"content": upload, "title": "Fruit"}, 201)["id"]
    world.write("theirs.txt", "Sloes need a frost.")
    world.add()
    assert world.entry("mine.txt")["folder"] is None and world.entry("theirs.txt")["folder"] == world.folder
    assert world.entry("same.txt")["state"] == "duplicate" and world.entry("same.txt")["document"] == by_hand
    for name in ("mine.txt", "same.txt", "theirs.txt"):
        (world.docs / name).unlink()
    world.until_entry("theirs.txt", lambda e: e["state"] == "deleted")
    world.until_entry("same.txt", lambda e: e["state"] == "deleted")
    kept = world.until_entry("mine.txt", lambda e: e["reason"])
    assert kept["state"] == "indexed" and "kept" in kept["reason"]
    assert world.finds("quinces") == [kept["document"]] and world.finds("medlars") == [by_hand]
    assert not world.finds("sloes")
    world.call("DELETE", f"{FOLDERS}/{world.folder}?documents=delete", status=204)
    assert set(world.true_ledger()) == {kept["document"], by_hand}


def test_keep_and_remove(world):
    world.write("a.txt", "Larches lose their needles.")
    world.add(keep=True)
    first = world.entry("a.txt")["document"]
    (world.docs / "a.txt").unlink()
    world.until_entry("a.txt", lambda e: "kept" in (e["reason"] or ""))
    assert world.finds("larches") == [first]
    # It comes back: the same document again.
    world.write("a.txt", "Larches lose their needles.")
    world.until_entry("a.txt", lambda e: e["state"] == "indexed" and not e["reason"])
    assert world.entry("a.txt")["document"] == first
    # Watched no more: what was added stays, and is taken over when the folder is watched again.
    world.call("DELETE", f"{FOLDERS}?path={world.docs}", status=204)
    assert world.call("GET", FOLDERS)["folders"] == [] and world.finds("larches") == [first]
    world.add()
    assert world.entry("a.txt")["folder"] == world.folder
    (world.docs / "a.txt").unlink()
    world.until_entry("a.txt", lambda e: e["state"] == "deleted")
    assert world.documents() == {}


def test_what_a_person_deleted_stays_away_until_the_file_changes(world):
    world.write("a.txt", "Hops climb the pole.")
    world.add()
    world.call("DELETE", f"{KNOWLEDGE}/documents/{world.entry('a.txt')['document']}", status=204)
    assert world.entry("a.txt")["state"] == "deleted"
    world.call("POST", f"{FOLDERS}/{world.folder}/sync", {}, 202)
    world.idle()
    assert world.entry("a.txt")["state"] == "deleted" and world.documents() == {}
    world.write("a.txt", "Hops climb the wire.")
    world.until_entry("a.txt", lambda e: e["state"] == "indexed")
    assert len(world.finds("wire")) == 1


def test_a_root_that_is_away_removes_nothing(world):
    for i in range(5):
        world.write(f"{i}.txt", f"Number {i} in a row of some.")
    world.add()
    away = world.docs.with_name("away")
    world.docs.rename(away)
    assert "is not there" in world.until(lambda f: f["state"] == "missing")["message"]
    world.docs.mkdir()  # as an empty mount point would be
    assert "nothing was removed" in world.until(lambda f: f["state"] == "replaced")["message"]
    assert len(world.documents()) == 5
    world.docs.rmdir()
    away.rename(world.docs)
    world.idle()
    assert len(world.true_ledger()) == 5
    world.docs.rename(away)
    world.docs.mkdir()
    world.until(lambda f: f["state"] == "replaced")
    world.call("POST", f"{FOLDERS}/{world.folder}/sync", {"confirm": True}, 202)
    world.until(lambda f: f["files"]["deleted"] == 5)
    assert world.true_ledger() == {}


@pytest.mark.parametrize("world", [{"SOTTO_LOG": "warn"}], indirect=True, ids=["two-seconds"])
def test_half_written_files_wait(world):
    world.add()
    stop = threading.Event()

    def write():
        with open(world.docs / "slow.txt", "w") as f:
            while not stop.wait(0.2):
                f.write("One more line about the harbour.\n")
                f.flush()
            f.write("The last word is periwinkle.\n")

    writer = threading.Thread(target=write)
    writer.start()
    waiting = world.until_entry("slow.txt", lambda e: True)
    states = {waiting["state"]}
    for _ in range(20):
        states.add(world.entry("slow.txt")["state"])
        time.sleep(0.1)
    stop.set()
    writer.join()
    assert states == {"pending"}, "it was read while it was written"
    # On a machine that lets the writer above wait for seconds, the file settles once more before.
    done = world.until_entry("slow.txt", lambda e: e["state"] == "indexed" and world.finds("periwinkle"))
    assert world.finds("periwinkle") == [done["document"]]
    world.until(lambda f: f["done"]["added"] == 1)


def test_a_folder_that_is_watched_again_is_heard(world):
    """Removed and added in one breath: what the old one took away with it must not leave the new one deaf."""
    world.add()
    for i in range(8):
        world.call("DELETE", f"{FOLDERS}?path={world.docs}", status=204)
        world.add()
        world.write(f"note{i}.txt", f"Walnut number {i} fell.")
        world.until_entry(f"note{i}.txt", lambda e: e["state"] == "indexed")


def test_patterns(world):
    for name in ("a.txt", "b.log", "keep.log", "build/out.txt", "sub/build/x.txt", "sub/c.md", "drafts/d.md", ".hidden.txt",
                 ".git/config.txt"):
        world.write(name, f"The text of {name} and no other.")
    world.write(".sottoignore", "*.log\n!keep.log\n/build/\n")
    world.write("sub/.sottoignore", "build/\n")
    plan = world.call("POST", FOLDERS, {"path": str(world.docs), "exclude": ["drafts/"], "dry_run": True})
    assert sorted(os.path.relpath(s["source"], world.docs) for s in plan["steps"] if s["action"] == "add") == \
        ["a.txt", "keep.log", "sub/c.md"]
    assert world.call("GET", FOLDERS)["folders"] == [] and world.ledger() == {}
    state = world.add(exclude=["drafts/"])
    assert set(world.ledger()) == {str(world.docs / n) for n in ("a.txt", "keep.log", "sub/c.md")}
    assert state["scan"]["hidden"] == 2 and state["scan"]["excluded"] == 4
    # Left out later: as if it were gone; let in again: read.
    world.write(".sottoignore", "*.log\n!keep.log\n/build/\n/sub/\n")
    world.until_entry("sub/c.md", lambda e: e["state"] == "deleted" and "pattern" in e["reason"])
    world.write(".sottoignore", "")
    world.until_entry("build/out.txt", lambda e: e["state"] == "indexed")
    world.until_entry("sub/c.md", lambda e: e["state"] == "indexed")
    only = world.call("POST", FOLDERS, {"path": str(world.docs), "include": ["*.md"], "dry_run": True})
    assert {s["source"] for s in only["steps"] if s["action"] == "add"} <= {str(world.docs / "sub/c.md"),
                                                                            str(world.docs / "drafts/d.md")}


def trouble(world):
    """A tree with every kind of trouble; the sources that must be in the ledger, with their states."""
    plain = {}
    for i in range(30):
        plain[str(world.write(f"plain/{i}.txt", f"File number {i} has words of its own."))] = "indexed"
    world.write("twins/a.txt", "Two files have these words.")
    world.write("twins/b.txt", "Two files have these words.")
    (world.docs / "noise.bin").write_bytes(random.Random(1).randbytes(5000))
    (world.docs / "empty.txt").touch()
    (world.docs / "large.txt").write_bytes(b"many words " * 30000)
    os.mkfifo(world.docs / "pipe")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(world.docs)
        s.bind("socket")
        os.chdir(here)
    (world.docs / "loop").symlink_to("loop")
    (world.docs / "broken").symlink_to("nowhere")
    (world.docs / "circle").symlink_to(".")
    (world.docs / "linked.txt").symlink_to("plain/0.txt")
    strange = os.fsencode(world.docs) + b"/caf\xe9.txt"
    with open(strange, "w") as f:
        f.write("This file has a name that is no text.")
    expected = {**plain, "noise.bin": "refused", "empty.txt": "refused", "large.txt": "refused", "pipe": "refused",
                "socket": "refused", "loop": "failed", "broken": "failed"}
    return {str(world.docs / k): v for k, v in expected.items()}


def test_the_numbers_add_up(tmp_path):
    world = World(tmp_path)
    expected = trouble(world)
    unreadable = world.write("locked/secret.txt", "Nobody may read this.")
    if os.geteuid() != 0:  # root reads everything: then they are files like any other
        unreadable.chmod(0)
    with Server(world.data, "--max-upload", "100K", env=SOON) as world.server:
        stop = threading.Event()

        def vanish():
            i = 0
            while not stop.is_set():
                path = world.docs / f"vanishing{i % 7}.txt"
                path.write_text(f"Here for a moment, {i}.")
                path.unlink()
                i += 1
                time.sleep(0.003)

        restless = threading.Thread(target=vanish)
        restless.start()
        try:
            world.folder = world.call("POST", FOLDERS, {"path": str(world.docs)}, 201)["id"]
            world.until(lambda f: f["synced_at"])
        finally:
            stop.set()
            restless.join()
        state = world.idle()
        entries = world.ledger()
        for source, state_name in expected.items():
            if source.startswith(str(world.docs / "plain/0.txt")) or source.endswith("linked.txt"):
                continue
            assert entries[source]["state"] == state_name, entries[source]
            assert (entries[source]["reason"] is None) == (state_name == "indexed"), entries[source]
        twins = sorted(entries[str(world.docs / f"twins/{n}.txt")]["state"] for n in "ab")
        linked = sorted(entries[str(world.docs / n)]["state"] for n in ("plain/0.txt", "linked.txt"))
        assert twins == linked == ["duplicate", "indexed"]
        strange = [e for s, e in entries.items() if "caf�.txt#" in s]
        assert len(strange) == 1 and strange[0]["state"] == "indexed"
        secret = entries[str(unreadable)]
        assert secret["state"] == ("indexed" if os.geteuid() == 0 else "failed")
        assert str(world.docs / "circle") not in entries and state["scan"]["links"] == 1
        for source, e in entries.items():
            assert "vanishing" not in source or e["state"] == "deleted", e
        living = [e for e in entries.values() if e["state"] != "deleted"]
        # Offered = what was met by the scan; each has exactly one state.
        assert len(living) == state["scan"]["files"] + state["scan"]["problems"]
        page = world.call("GET", LEDGER)
        assert page["total"] == len(living) == sum(n for k, n in page["counts"].items() if k != "deleted")
        assert sum(state["files"][k] for k in state["files"] if k != "deleted") == len(living)
        cover = world.call("GET", LEDGER + "/coverage")
        assert sum(t["total"] for t in cover["types"]) == sum(f["total"] for f in cover["folders"]) == len(living)
        assert cover["covered"] == pytest.approx(sum(e["state"] in ("indexed", "duplicate") for e in living) / len(living))
        assert {e["source"] for e in world.ledger("&q=named%20pipe").values()} == {str(world.docs / "pipe")}
        assert set(world.ledger("&state=failed")) == {s for s, e in entries.items() if e["state"] == "failed"}
        world.true_ledger()
        # Retry: the link leads somewhere now, the rest is refused again with the same reason.
        (world.docs / "nowhere").write_text("The broken link leads here now.")
        assert world.call("POST", LEDGER + "/retry", {}, 202)["retried"] >= 7
        world.until_entry("broken", lambda e: e["state"] in ("indexed", "duplicate"))
        world.idle()
        for name in ("noise.bin", "empty.txt", "large.txt", "pipe", "socket"):
            first = entries[str(world.docs / name)]["last_at"]
            again = world.until_entry(name, lambda e: e["state"] == "refused" and e["last_at"] != first)
            assert again["reason"] == entries[str(world.docs / name)]["reason"]
        world.true_ledger()


def test_add_tells_the_ledger_what_it_could_not_offer(tmp_path):
    world = World(tmp_path)
    expected = trouble(world)
    with Server(world.data, "--max-upload", "100K", env=SOON) as world.server:
        env = {**world.server.environment(), "SOTTO_MAX_UPLOAD": "100K"}
        dry = json.loads(subprocess.run([PROGRAM, "add", world.docs, "--dry-run", "--json"], capture_output=True,
                                        check=True, env=env).stdout)
        assert world.ledger() == {} and dry["add"] == 34 and dry["refuse"] == 5 and dry["fail"] == 2
        first = json.loads(subprocess.run([PROGRAM, "add", world.docs, "--json"], capture_output=True, env=env).stdout)
        entries = world.ledger()
        for source, state in expected.items():
            if not source.endswith("plain/0.txt"):
                assert entries[source]["state"] == state, entries[source]
        assert len(entries) == len(first["files"]) == 41
        assert first["added"] + first["duplicate"] + first["no_reader"] + first["failed"] == 41
        again = json.loads(subprocess.run([PROGRAM, "add", world.docs, "--json"], capture_output=True, env=env).stdout)
        assert again["added"] == 0 and again["duplicate"] == first["added"] + first["duplicate"]
        assert len(world.ledger()) == 41
        world.true_ledger()


def test_pause_resume_and_restart(tmp_path):
    world = World(tmp_path)
    for i in range(150):
        world.write(f"{i}.txt", f"Note {i} is about the weather on day {i}. " * 20)
    with Server(world.data, env=SOON) as world.server:
        world.folder = world.call("POST", FOLDERS, {"path": str(world.docs)}, 201)["id"]
        world.until(lambda f: f["files"]["indexed"] >= 5)
        assert world.call("PATCH", f"{FOLDERS}/{world.folder}", {"paused": True})["state"] == "paused"
        at = world.call("GET", f"{FOLDERS}/{world.folder}")["files"]["indexed"]
        assert at < 150, "it was over before it was paused: more files are needed"
        time.sleep(1)
        paused = world.call("GET", f"{FOLDERS}/{world.folder}")
        assert paused["files"]["indexed"] == at and paused["files"]["pending"] > 0
        world.call("POST", f"{FOLDERS}/{world.folder}/sync", {}, 409)
    with Server(world.data, env=SOON) as world.server:
        assert world.call("GET", f"{FOLDERS}/{world.folder}")["state"] == "paused"
        world.call("PATCH", f"{FOLDERS}/{world.folder}", {"paused": False})
        state = world.idle()
        assert state["files"]["indexed"] == 150 and state["done"]["added"] == 150 - at
        world.true_ledger()


def test_commands(tmp_path):
    world = World(tmp_path)
    world.write("a.txt", "Ferns like the shade.")

    def sotto(*args, status=0):
        run = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=300, env=environment)
        assert run.returncode == status, (args, run.returncode, run.stdout, run.stderr)
        return run.stdout

    for beside in (False, True):
        server = Server(world.data, env=SOON)
        environment = server.environment()
        if beside:
            server.__enter__()
        try:
            assert "1 to add" in sotto("folders", "add", world.docs, "--dry-run")
            assert "100.0 % covered: 1 indexed" in sotto("folders", "add", world.docs)
            listed = json.loads(sotto("folders", "--json"))["folders"]
            assert [f["path"] for f in listed] == [str(world.docs)] and listed[0]["files"]["indexed"] == 1
            assert "paused" in sotto("folders", "pause", world.docs)
            sotto("folders", "sync", world.docs, status=1)
            world.write("b.txt", f"Mosses too, {beside}.")
            assert "2 indexed" in sotto("folders", "resume", world.docs)
            assert "2 files offered, 100.0 % covered: 2 indexed" in sotto("ledger")
            assert "a.txt" in sotto("ledger", "--find", "a.txt") and "text" in sotto("ledger", "coverage")
            assert json.loads(sotto("ledger", "coverage", "--json"))["covered"] == 1
            assert "0 files tried again" in sotto("ledger", "retry")
            sotto("folders", "remove", world.docs / "none", status=3)
            sotto("folders", "add", world.docs, status=1)
            sotto("folders", "explode", status=2)
            assert "are gone" in sotto("folders", "remove", world.docs, "--documents", "--yes")
            assert json.loads(sotto("list", "--json"))["documents"] == []
            (world.docs / "b.txt").unlink()
            sotto("folders", "add", world.docs, "--no-wait")
            sotto("folders", "sync", world.docs)
            sotto("folders", "remove", world.docs, "--documents", "--yes")
        finally:
            if beside:
                server.stop()


def test_progress_on_the_websocket_and_in_metrics(world):
    from websockets.sync.client import connect

    for i in range(40):
        world.write(f"{i}.txt", f"Page {i} of a long story. " * 30)
    with connect(world.server.url.replace("http", "ws") + "/ws") as ws:
        ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["folders"]}}))
        ws.send(json.dumps({"type": "Nonsense", "data": {}}))
        assert json.loads(ws.recv(timeout=CEILING_S))["type"] == "Error"  # so the subscription has been taken
        world.folder = world.call("POST", FOLDERS, {"path": str(world.docs)}, 201)["id"]
        seen = []
        while not (seen and seen[-1]["state"] == "watching" and seen[-1]["done"]["added"] == 40):
            message = json.loads(ws.recv(timeout=CEILING_S))
            assert message["type"] == "IngestProgress"
            seen.append(message["data"])
        assert {s["folder"] for s in seen} == {world.folder} and seen[0]["path"] == str(world.docs)
        assert all(0 <= s["finished"] <= s["total"] for s in seen)
    with urllib.request.urlopen(world.server.url + "/metrics") as answer:
        assert b"\ningest_queue_files 0\n" in answer.read()


def kill_import(world, deaths, rng, turn):
    """Lets an import die so many times, then finish. How many of the deaths found files waiting."""
    acknowledged, during = set(), 0
    for death in range(deaths + 1):
        if death:
            assert acknowledged <= set(world.true_ledger_at_rest()), "a document that was there is lost"
        if death == deaths:
            break
        with Server(world.data, env={**SOON, "SOTTO_LOG": "error"}) as world.server:
            listed = world.call("GET", FOLDERS)["folders"]
            if not listed:
                assert death == 0, "the folder is lost"
                listed = [world.call("POST", FOLDERS, {"path": str(world.docs)}, 201)]
            world.folder = listed[0]["id"]
            time.sleep(rng.uniform(0.02, 0.7))
            acknowledged = set(world.documents())
            during += len(acknowledged) < KILL_FILES
            world.server.process.kill()
            world.server.process.wait()
    with Server(world.data, env={**SOON, "SOTTO_LOG": "error"}) as world.server:
        world.folder = world.call("GET", FOLDERS)["folders"][0]["id"]
        state, there, entries = world.idle(), world.true_ledger(), world.ledger()
        assert len(entries) == len(there) == KILL_FILES and state["covered"] == 1
        assert {e["state"] for e in entries.values()} == {"indexed"}
        for i in rng.sample(range(KILL_FILES), 5):
            assert len(world.finds(f"w{turn}x{i}")) == 1
    return during


MESSAGES = 300


def mailbox(turn):
    return "".join(f"From ann@lee.example Tue Mar  3 14:05:00 2026\nFrom: Ann <ann@lee.example>\nSubject: Letter {i}\n"
                   f"Date: Tue, 3 Mar 2026 14:05:00 +0100\n\nLetter {i} of box {turn} tells of ferry {i * 7} and its crew.\n\n"
                   for i in range(MESSAGES))


@pytest.mark.parametrize("how", ["folder", "upload"])
def test_kill_between_the_parts_of_a_file(tmp_path, how):
    """A mailbox is a document and so are its messages: what was not read when the program was killed comes at the next start."""
    world = World(tmp_path)
    during = 0
    for turn in range(2):
        box, before = mailbox(turn), turn * (MESSAGES + 1)

        def offer():
            form = f'--x\r\nContent-Disposition: form-data; name="file"; filename="box{turn}.mbox"\r\n\r\n{box}\r\n--x--\r\n'
            try:
                urllib.request.urlopen(urllib.request.Request(
                    world.server.url + KNOWLEDGE + "/documents", form.encode(), {"Content-Type": "multipart/form-data; boundary=x"}))
            except (OSError, http.client.HTTPException):
                pass  # killed

        with Server(world.data, env={**SOON, "SOTTO_LOG": "error"}) as world.server:
            if how == "folder":
                world.write(f"box{turn}.mbox", box)
                if turn == 0:
                    world.call("POST", FOLDERS, {"path": str(world.docs)}, 201)
            else:
                threading.Thread(target=offer).start()
            end = time.monotonic() + CEILING_S
            while len(world.documents()) < before + 20:
                assert time.monotonic() < end
            half = [e for e in world.ledger("&state=pending").values() if e["document"]]
            world.server.process.kill()
            world.server.process.wait()
        with Server(world.data, env={**SOON, "SOTTO_LOG": "error"}) as world.server:
            if half:
                during += 1
                assert half[0]["reason"] == "its parts are being read", half
            end = time.monotonic() + CEILING_S
            while world.ledger("&state=pending") or len(world.documents()) < before + MESSAGES + 1:
                assert time.monotonic() < end, (len(world.documents()), world.ledger("&state=pending"))
                time.sleep(0.1)
            assert len(world.documents()) == before + MESSAGES + 1
            entries = world.ledger()
            assert len(entries) == before + MESSAGES + 1 and {e["state"] for e in entries.values()} == {"indexed"}
            assert world.finds(f"ferry%20{7 * (MESSAGES - 1)}")
    assert during > 0, "every kill came when the mailbox was read: the test proved nothing"


def test_kill_during_an_import(tmp_path):
    """kill -9 at any moment: each file offered has one entry that is true, and the import goes on where it was."""
    rng = random.Random(4)
    killed = during = turn = 0
    while killed < ROUNDS:
        base = tmp_path / f"round{turn}"
        base.mkdir()
        world = World(base)
        for i in range(KILL_FILES):
            world.write(f"{i % 17}/{i}.txt", f"Note {i}, w{turn}x{i}. It tells of ferry number {i * 7} and its crew.")
        deaths = min(10, ROUNDS - killed)
        during += kill_import(world, deaths, rng, turn)
        doctor = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True,
                                env=Server(world.data).environment())
        assert doctor.returncode == 0, (turn, doctor.stdout[-3000:], doctor.stderr[-2000:])
        shutil.rmtree(base)
        killed += deaths
        turn += 1
    assert during > 0, "every kill came when the import was over: the test proved nothing"
