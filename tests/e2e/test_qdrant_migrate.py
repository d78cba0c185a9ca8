"""`sotto migrate`: a file into Qdrant and back, people and all; interrupted and done again; and what
is refused."""
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request

import pytest

from qdrant_lib import Engine, engine  # noqa: F401 (a fixture)
from server import MODELS, PROGRAM, ROOT, Server


def sotto(data, *words, url=None, ok=True, say=None, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOTTO_", "QDRANT_"))}
    run = subprocess.run([PROGRAM, "--data", data, *words], capture_output=True, text=True,
                         input=say, timeout=300, env={**clean, "SOTTO_MODELS": str(MODELS), **env,
                                           "XDG_CONFIG_HOME": str(data / "none"),
                                           **({"QDRANT_URL": url} if url else {})})
    assert not ok or run.returncode == 0, run.stdout + run.stderr
    return run.stdout if ok else run


@pytest.fixture
def filled(tmp_path):
    data = tmp_path / "file"
    data.mkdir(mode=0o700)
    sotto(data, "add", str(ROOT / "share/sample"))
    sotto(data, "task", "add", "pay the rent tomorrow at 9")
    sotto(data, "ask", "remember that my manager is Dana")
    sotto(data, "people", "password", "me", say="a long enough pass phrase\n")
    sotto(data, "people", "add", "bob", say="a long enough pass phrase\n")
    sotto(data, "token", "create", "backup")
    return data


def rows(path):
    """Everything that is a person's, without what is the file's own."""
    db = sqlite3.connect(path)
    out = {}
    for (t,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if t in ("meta", "changes", "owners") or t.startswith(("chunk_fts", "sqlite_")):
            continue
        columns = [c[1] for c in db.execute(f"PRAGMA table_info({t})")]
        kept = [c for c in columns if not c.endswith("_no") and c not in ("key", "delivery_no")]
        if kept:
            names = ", ".join('"' + c + '"' for c in kept)
            out[t] = sorted(map(repr, db.execute(f"SELECT {names} FROM {t}").fetchall()))
    return out


def test_there_and_back(tmp_path, engine, filled):
    said = json.loads(sotto(filled, "migrate", "--to", "qdrant", "--json", url=engine.url))
    assert said["to"] == "qdrant" and said["people"] == 2 and said["rows"] > 1000
    back = tmp_path / "back"
    back.mkdir(mode=0o700)
    again = json.loads(sotto(back, "migrate", "--to", "sqlite", "--json", url=engine.url))
    assert again["passages"] == said["passages"] and again["people"] == 2
    assert rows(back / "sotto.db") == rows(filled / "sotto.db")
    assert "every check passed" in sotto(back, "doctor")
    assert "Lisbon" in sotto(back, "search", "lisbon in february")
    # The same question in Qdrant and in both files.
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    ask = ("search", "--json", "hotel in lisbon")
    found = []
    for answer in (sotto(filled, *ask), sotto(back, *ask), sotto(other, *ask, url=engine.url)):
        answer = json.loads(answer)
        found.append([d["title"] for d in answer["documents"]])
    assert found[0] and found[0] == found[1] == found[2]


def test_interrupted(tmp_path, engine, filled):
    """Killed in the middle, again and again; then it ends as if nothing had been."""
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")},
           "SOTTO_MODELS": str(MODELS), "QDRANT_URL": engine.url,
           "XDG_CONFIG_HOME": str(tmp_path / "none")}
    for wait in (1.0, 1.6, 2.2):
        p = subprocess.Popen([PROGRAM, "--data", filled, "migrate", "--to", "qdrant"], env=env,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        p.send_signal(signal.SIGKILL)
        p.wait()
    sotto(filled, "migrate", "--to", "qdrant", url=engine.url)
    back = tmp_path / "back"
    back.mkdir(mode=0o700)
    sotto(back, "migrate", "--to", "sqlite", url=engine.url)
    assert rows(back / "sotto.db") == rows(filled / "sotto.db")


def test_nothing_is_mixed(tmp_path, engine, filled):
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    sotto(other, "add", str(ROOT / "README.md"))
    sotto(other, "migrate", "--to", "qdrant", url=engine.url)
    run = sotto(filled, "migrate", "--to", "qdrant", url=engine.url, ok=False)
    assert run.returncode != 0 and "nothing is mixed" in run.stderr
    run = sotto(filled, "migrate", "--to", "qdrant", ok=False)
    assert run.returncode == 2 and "QDRANT_URL" in run.stderr
    run = sotto(filled, "migrate", "--to", "paper", url=engine.url, ok=False)
    assert run.returncode == 2


def test_backup_and_restore(tmp_path, engine, filled):
    """`sotto backup` makes the same file from Qdrant as from a file, beside a server that goes on
    writing; it is restored into a file, and into another Qdrant."""
    sotto(filled, "migrate", "--to", "qdrant", url=engine.url)
    kept, busy, there = tmp_path / "kept.backup", tmp_path / "busy.backup", tmp_path / "there"
    there.mkdir(mode=0o700)
    assert "kept.backup" in sotto(there, "backup", str(kept), url=engine.url)
    assert not list(tmp_path.glob("*.making")) and not list(there.glob("qdrant.*"))
    back = tmp_path / "back"
    sotto(back, "restore", str(kept))
    assert rows(back / "sotto.db") == rows(filled / "sotto.db")
    assert "every check passed" in sotto(back, "doctor")

    with Server(there, env={"QDRANT_URL": engine.url}) as server:
        stop, done = threading.Event(), []

        def write():
            key = (there / "sotto.key").read_text()
            while not stop.is_set():
                body = json.dumps({"content": f"Note {len(done)} of many.", "source": "test"})
                request = urllib.request.Request(
                    server.url + "/api/v1/knowledge/documents", body.encode(),
                    headers={"Authorization": "Bearer " + key, "Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=60) as r:
                    assert r.status == 201
                done.append(1)

        writer = threading.Thread(target=write)
        writer.start()
        before = len(done)
        sotto(there, "backup", str(busy), url=engine.url)
        least = before
        stop.set()
        writer.join()
        assert len(done) > least
    again = tmp_path / "again"
    sotto(again, "restore", str(busy))
    assert "every check passed" in sotto(again, "doctor")
    db = sqlite3.connect(again / "sotto.db")
    notes = db.execute("SELECT count(*) FROM documents WHERE source = 'test'").fetchone()[0]
    assert least <= notes <= len(done)
    db.close()

    run = sotto(there, "restore", str(kept), url=engine.url, ok=False)
    assert run.returncode != 0 and "nothing is mixed" in run.stderr
    other = Engine()
    try:
        sotto(there, "restore", str(kept), url=other.url)
        assert not (there / "restore.far").exists()
        last = tmp_path / "last"
        last.mkdir(mode=0o700)
        sotto(last, "migrate", "--to", "sqlite", url=other.url)
        assert rows(last / "sotto.db") == rows(filled / "sotto.db")
        assert other.unknown() == []
    finally:
        other.stop()
