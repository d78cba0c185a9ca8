"""More people than may be open at one time: each is opened when they come or when something of theirs is
due, sees what is theirs and nothing else, and is let go without anybody noticing. Over a file and over
Qdrant."""
import hashlib
import json
import sqlite3
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest
from websockets.sync.client import connect

from qdrant_lib import Engine
from server import Server
from test_qdrant_migrate import sotto

API = "/api/v1"
START = 1795417196  # 2026-11-23T06:59:56Z


def token(i):
    return f"sotto_{i + 1:064x}"


def ask(server, i, method, path, body=None):
    request = urllib.request.Request(
        server.url + API + path, None if body is None else json.dumps(body).encode(), method=method,
        headers={"Authorization": "Bearer " + token(i), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as r:
            return r.status, json.loads(r.read() or b"null")
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read() or b"null")


def fill(data, many):
    """People as `sotto people add` and `sotto token create` make them, without their waiting for
    scrypt; their briefings are due at seven, and the last was yesterday's."""
    sotto(data, "task", "add", "buy milk")
    db = sqlite3.connect(data / "sotto.db")
    yesterday = (START - 86396) * 1000
    for i in range(many):
        no = 1000 + i
        db.execute("INSERT INTO owners VALUES (?, ?, ?)", (no, uuid.uuid4().bytes, yesterday))
        db.execute("INSERT INTO people VALUES (?, ?, 0, '', ?)", (no, f"person{i}", yesterday))
        db.execute("INSERT INTO credentials (owner_no, uuid, kind, name, hash, scopes, created_at, "
                   "expires_at, used_at) VALUES (?, ?, 0, 't', ?, 7, ?, 0, 0)",
                   (no, uuid.uuid4().bytes, hashlib.sha256(token(i).encode()).digest(), yesterday))
        db.execute("INSERT INTO briefing_schedule VALUES (?, 1, 420, 127, '', ?)", (no, yesterday))
    db.commit()
    db.close()


def call(server, method, path):
    """As the command line does beside a running server: as the first person."""
    key = (server.data / "sotto.key").read_text()
    request = urllib.request.Request(server.url + path, method=method,
                                     headers={"Authorization": "Bearer " + key})
    with urllib.request.urlopen(request, timeout=60) as r:
        return json.loads(r.read() or b"null")


def threads(server):
    with open(f"/proc/{server.process.pid}/status") as f:
        return int(next(line for line in f if line.startswith("Threads:")).split()[1])


def until(what, seconds=180):
    deadline = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return got


@pytest.fixture(params=["file", "qdrant"])
def where(request, tmp_path):
    """The data folder, the server's environment, how many people there are."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    many, most = (24, 6) if request.param == "file" else (9, 2)
    fill(data, many)
    env = {"SOTTO_PEOPLE_OPEN": str(most), "SOTTO_ZONE": "UTC"}
    if request.param == "file":
        yield data, env, many
        return
    e = Engine()
    sotto(data, "migrate", "--to", "qdrant", url=e.url)
    yield data, {**env, "QDRANT_URL": e.url}, many
    unknown = e.unknown()
    e.stop()
    assert unknown == []


def test_all_are_served(where):
    data, env, many = where
    ahead = START - time.time()

    def at(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead + seconds))

    with Server(data, env={**env, "SOTTO_NOW": at(0)}) as s:
        # One who listens all the time, while all the others come and go.
        with connect(s.url.replace("http", "ws") + "/ws",
                     additional_headers={"Authorization": "Bearer " + token(0)}) as ws:
            ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["reminders"]}}))
            for i in range(many):
                text = f"The locker of person {i} in the long hall has the number {i * 7 + 13}."
                status, doc = ask(s, i, "POST", "/knowledge/documents",
                                  {"content": text, "source": "test"})
                assert status == 201, doc
            # Due when they have been let go long since.
            for i in range(0, 6):
                status, task = ask(s, i, "POST", "/tasks", {
                    "kind": "reminder", "title": f"for {i}", "due_at": at(4)})
                assert status == 201, task
            for i in range(many):
                status, found = ask(s, i, "POST", "/knowledge/search",
                                    {"query": "which number has the locker in the hall"})
                assert status == 200 and len(found["documents"]) == 1, found
                assert f"person {i} " in json.dumps(found)
            message = json.loads(ws.recv(timeout=60))
            while message["type"] != "Reminder":
                message = json.loads(ws.recv(timeout=60))
            assert message["data"]["task"]["title"] == "for 0"
        # Nobody asks for anything: reminders ring, and the briefings of seven are made.
        db = None if "QDRANT_URL" in env else sqlite3.connect(data / "sotto.db")
        if db:
            until(lambda: db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 6)
            until(lambda: db.execute("SELECT count(DISTINCT owner_no) FROM briefings WHERE scheduled"
                                     ).fetchone()[0] >= many)
            late = db.execute("SELECT max(fired_at - at) FROM deliveries").fetchone()[0]
            assert late < 5000
            db.close()
        for i in range(many):
            until(lambda i=i: [r["task"]["title"] for r in ask(s, i, "GET", "/reminders")[1]["reminders"]]
                  == ([f"for {i}"] if i < 6 else []))
            until(lambda i=i: ask(s, i, "GET", "/briefing/history")[1])
        # Threads are theirs who are open, with all that is everybody's.
        until(lambda: threads(s) < 100)


def test_many_at_once(tmp_path):
    """Everybody in the same moment: all are answered, and each has what is theirs."""
    data, many = tmp_path, 24
    fill(data, many)
    env = {"SOTTO_PEOPLE_OPEN": "6"}
    with Server(data, env=env) as s:
        wrong = []

        def come(first):
            for i in range(first, many, 8):
                status, tasks = ask(s, i, "POST", "/tasks", {"title": f"of {i}"})
                status2, listed = ask(s, i, "GET", "/tasks")
                titles = [t["title"] for t in listed.get("tasks", [])]
                if (status, status2, titles) != (201, 200, [f"of {i}"]):
                    wrong.append((i, status, status2, tasks, listed))

        crowd = [threading.Thread(target=come, args=(k,)) for k in range(8)]
        for t in crowd:
            t.start()
        for t in crowd:
            t.join()
        assert not wrong, wrong[0]
        # One who is removed is gone, open or not, and is not opened again by a token that was theirs.
        people = {p["name"]: p["id"] for p in call(s, "GET", API + "/people")["people"]}
        assert ask(s, 3, "GET", "/tasks")[0] == 200
        for i in (3, 4):
            call(s, "DELETE", f"{API}/people/{people[f'person{i}']}?confirm=person{i}")
            assert ask(s, i, "GET", "/tasks")[0] == 401
        assert ask(s, 5, "GET", "/tasks")[0] == 200
