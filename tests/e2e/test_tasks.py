"""Tasks, reminders and timers against the real program: the command line with and without a server, the
WebSocket, simulated weeks, and kill -9 around the moment of firing. SOTTO_KILL_ROUNDS sets the number of deaths."""
import asyncio
import json
import os
import random
import stat
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
import websockets
from websockets.sync.client import connect

from patience import longer
from server import PROGRAM, Server
from test_kill import request

TASKS, REMINDERS = "/api/v1/tasks", "/api/v1/reminders"
CEILING_S = longer(120)
ROUNDS = int(os.environ.get("SOTTO_KILL_ROUNDS", "8"))


def call(url, method, path, body=None, status=200):
    got, answer = request(url, method, path, body)
    assert got == status, (method, path, got, answer)
    return answer


def until(true, what):
    end = time.monotonic() + CEILING_S
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, what + " did not come about"
        time.sleep(0.02)


def sotto(data, *args, env=None, status=0):
    done = subprocess.run([PROGRAM, "task", *args], capture_output=True, text=True,
                          env={**Server(data).environment(), **(env or {})})
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done


def rfc(moment):
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_seconds(s):
    return rfc(datetime.now(timezone.utc) + timedelta(seconds=s))


# ---- the command line ---------------------------------------------------------------------------------------


def life_by_commands(data, env):
    """Everything a person does, by commands; the same with a server and without one."""
    added = json.loads(sotto(data, "--json", "call the bank tomorrow at 9am #home, urgent", env=env).stdout)
    assert (added["title"], added["due_at"]) == ("call the bank", "2026-11-24T09:00:00+01:00"), added
    assert (added["priority"], added["tags"]) == ("urgent", ["home"])
    sotto(data, "add", "pay the rent by Friday", env=env)
    sotto(data, "take out the bins every Monday at 7pm", env=env)
    listed = json.loads(sotto(data, "list", "--json", env=env).stdout)["tasks"]
    assert [t["title"] for t in listed] == ["take out the bins", "call the bank", "pay the rent"]
    lines = sotto(data, "list", env=env).stdout.splitlines()
    assert len(lines) == 3 and lines[1].split("\t")[1:3] == ["open", "2026-11-24T09:00:00+01:00"]
    assert [t["title"] for t in json.loads(sotto(data, "list", "--tag", "HOME", "--json", env=env).stdout)["tasks"]] \
        == ["call the bank"]
    moved = json.loads(sotto(data, "move", added["id"], "Monday", "--json", env=env).stdout)
    assert moved["due_at"] == "2026-11-30T09:00:00+01:00", "a day without a time keeps the task's time"
    sotto(data, "undo", env=env)
    shown = json.loads(sotto(data, "show", added["id"][-6:], "--json", env=env).stdout)
    assert shown["due_at"] == added["due_at"]
    snoozed = json.loads(sotto(data, "snooze", "call the bank", "for 30 minutes", "--json", env=env).stdout)
    assert snoozed["due_at"] == added["due_at"] and snoozed["remind_at"].startswith("2026-11-23T10:3")
    done = json.loads(sotto(data, "done", "bins", "--json", env=env).stdout)
    assert (done["status"], done["due_at"]) == ("open", "2026-11-30T19:00:00+01:00")
    sotto(data, "done", "rent", env=env)
    sotto(data, "reopen", "pay the rent", env=env)
    gone = sotto(data, "delete", "pay the rent", env=env)
    assert "undo" in gone.stderr
    assert len(json.loads(sotto(data, "list", "--json", env=env).stdout)["tasks"]) == 2
    sotto(data, "undo", env=env)
    assert len(json.loads(sotto(data, "list", "--json", env=env).stdout)["tasks"]) == 3
    # What does not work says so, with an exit status that scripts can use.
    assert "no open task" in sotto(data, "done", "spaceship", env=env, status=3).stderr
    sotto(data, "done", "01a207a2-2ac8-7016-aa00-4d7ca1afed6d", env=env, status=3)
    assert "cannot be read" in sotto(data, "move", "rent", "purple", env=env, status=2).stderr
    sotto(data, "list", "--status", "lost", env=env, status=2)
    sotto(data, "snooze", "rent", env=env, status=2)
    sotto(data, "call Dana", env=env)
    sotto(data, "call Ana", env=env)
    assert "could be" in sotto(data, "done", "call", env=env, status=1).stderr
    fault = json.loads(sotto(data, "done", "spaceship", "--json", env=env, status=3).stderr)
    assert fault["code"] == "NOT_FOUND"


CLOCK = {"SOTTO_NOW": "2026-11-23T10:00:00+01:00", "SOTTO_ZONE": "Europe/Berlin"}


def test_commands_without_a_server(tmp_path):
    life_by_commands(tmp_path, CLOCK)


def test_commands_with_a_server(tmp_path):
    with Server(tmp_path, env=CLOCK):
        life_by_commands(tmp_path, CLOCK)


def test_a_zone_that_is_none(tmp_path):
    done = subprocess.run([PROGRAM, "task", "list"], capture_output=True, text=True,
                          env={**Server(tmp_path).environment(), "SOTTO_ZONE": "Mars/Base"})
    assert done.returncode == 2 and "Mars/Base" in done.stderr


# ---- the WebSocket ------------------------------------------------------------------------------------------


def test_websocket(tmp_path):
    async def scene(url):
        async def next_of(ws, kind):
            while True:
                message = json.loads(await asyncio.wait_for(ws.recv(), CEILING_S))
                if message["type"] == kind:
                    return message["data"]

        address = url.replace("http", "ws") + "/ws"
        async with websockets.connect(address) as ws, websockets.connect(address) as deaf:
            await ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["tasks", "reminders"]}}))
            await deaf.send(json.dumps({"type": "Subscribe", "data": {"topics": ["documents"]}}))
            await asyncio.sleep(0.3)
            task = await asyncio.to_thread(call, url, "POST", TASKS, {"title": "now", "due_at": in_seconds(1)}, 201)
            made = await next_of(ws, "TaskUpdate")
            assert made["change"] == "created" and made["task"]["id"] == task["id"]
            said = await next_of(ws, "Reminder")
            assert said["task"]["title"] == "now" and said["reminder"]["task_id"] == task["id"]
            assert (await next_of(ws, "TaskUpdate"))["change"] == "fired"
            # Who comes later gets what waits, under the same id.
            async with websockets.connect(address) as late:
                await late.send(json.dumps({"type": "Subscribe", "data": {"topics": ["reminders"]}}))
                again = await next_of(late, "Reminder")
                assert again["reminder"]["id"] == said["reminder"]["id"]
            await asyncio.to_thread(call, url, "POST", f"{TASKS}/{task['id']}/complete")
            assert (await next_of(ws, "TaskUpdate"))["change"] == "completed"
            await asyncio.to_thread(call, url, "DELETE", f"{TASKS}/{task['id']}", None, 204)
            gone = await next_of(ws, "TaskUpdate")
            assert gone == {"task": {"id": task["id"]}, "change": "deleted"}
            await asyncio.to_thread(call, url, "POST", TASKS + "/undo")
            assert (await next_of(ws, "TaskUpdate"))["change"] == "undone"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(deaf.recv(), 0.2)

    with Server(tmp_path) as server:
        asyncio.run(scene(server.url))


# ---- simulated weeks ----------------------------------------------------------------------------------------


def test_weeks(tmp_path):
    """The program is started now and then over five weeks of its clock: every reminder is said once, late rather
    than never, and a clock that goes back repeats nothing."""
    begin = datetime(2026, 11, 23, 9, 0, tzinfo=timezone.utc)
    rng, said, made = random.Random(5), {}, {}

    def at(moment):
        return Server(tmp_path, env={"SOTTO_NOW": rfc(moment), "SOTTO_ZONE": "Europe/Berlin"})

    with at(begin) as server:
        for i in range(40):
            due = begin + timedelta(hours=rng.uniform(1, 35 * 24))
            task = call(server.url, "POST", TASKS, {"title": f"number {i}", "due_at": rfc(due),
                                                    "remind_before": ["0", "PT2H"] if i % 2 else ["0"]}, 201)
            made[task["id"]] = (due, 2 if i % 2 else 1)
        daily = call(server.url, "POST", TASKS, {"title": "pills", "due_at": rfc(begin + timedelta(hours=22)),
                                                 "rrule": "FREQ=DAILY"}, 201)
        timer = call(server.url, "POST", TASKS, {"kind": "timer", "title": "cake", "duration": "PT45M"}, 201)
        made[timer["id"]] = (begin + timedelta(minutes=45), 1)

    days = [0.5, 1, 1.2, 1.1, 3, 7, 7.01, 12, 11, 20, 36]
    daily_said = 0
    for day in days:
        now = begin + timedelta(days=day)
        with at(now) as server:
            wanted = sum(n for due, n in made.values() if due <= now - timedelta(minutes=1))

            def all_said():
                for r in call(server.url, "GET", REMINDERS + "?limit=200")["reminders"]:
                    assert r["id"] not in said
                    assert datetime.fromisoformat(r["at"]) <= now + timedelta(minutes=5)
                    said[r["id"]] = r["task_id"]
                    assert call(server.url, "POST", f"{REMINDERS}/{r['id']}/acknowledge")["first"]
                return sum(1 for t in said.values() if t != daily["id"]) >= wanted

            until(all_said, f"what is due by day {day}")
            daily_said += 1
    # Not more than was due, each as often as it has reminders.
    for ident, (_, n) in made.items():
        assert sum(1 for t in said.values() if t == ident) == n, ident
    # Once a start of the program at most, however many days had passed.
    assert 5 <= sum(1 for t in said.values() if t == daily["id"]) <= len(days)
    with at(begin + timedelta(days=36, hours=1)) as server:
        pills = call(server.url, "GET", f"{TASKS}/{daily['id']}")
        assert pills["overdue"] and pills["missed"] >= 30, pills
        assert call(server.url, "GET", f"{TASKS}/{timer['id']}")["status"] == "done"


def test_in_time(tmp_path):
    """On the machine's own clock: at most a second late, as the program measures it."""
    with Server(tmp_path) as server:
        for i in range(20):
            call(server.url, "POST", TASKS, {"title": f"number {i}", "due_at": in_seconds(1 + i / 20)}, 201)
        got = until(lambda: (r := call(server.url, "GET", REMINDERS)["reminders"]) and len(r) == 20 and r, "20 reminders")
        late = sorted(r["late_seconds"] for r in got)
        assert late[10] < 1, late
        _, metrics = request_text(server.url, "/metrics")
        assert "reminders_fired_total 20" in metrics and 'tasks{status="open"} 20' in metrics


def request_text(url, path):
    import urllib.request
    with urllib.request.urlopen(url + path, timeout=30) as answer:
        return answer.status, answer.read().decode()


# ---- kill -9 around the moment of firing --------------------------------------------------------------------


class Person(threading.Thread):
    """A client as docs/TASKS.md asks for: shows a reminder whose id it has not shown, acknowledges it, and comes back
    when the server is gone. `shown` is what a person saw."""

    def __init__(self):
        super().__init__(daemon=True)
        self.url, self.stop, self.fault = None, False, None
        self.shown, self.received = [], {}

    def run(self):
        while not self.stop:
            url = self.url
            if not url:
                time.sleep(0.01)
                continue
            try:
                with connect(url.replace("http", "ws") + "/ws", open_timeout=5, close_timeout=1) as ws:
                    ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["reminders"]}}))
                    while not self.stop:
                        try:
                            message = json.loads(ws.recv(timeout=0.2))
                        except TimeoutError:
                            continue
                        if message["type"] == "Reminder":
                            self.take(url, message["data"])
            except (OSError, websockets.exceptions.WebSocketException, EOFError):
                time.sleep(0.02)
            except Exception as fault:  # a fault of the test's own must not be silence
                self.fault = fault
                return

    def take(self, url, data):
        ident = data["reminder"]["id"]
        self.received[ident] = self.received.get(ident, 0) + 1
        if ident not in [i for i, _ in self.shown]:
            self.shown.append((ident, data["task"]["id"]))
        try:
            request(url, "POST", f"{REMINDERS}/{ident}/acknowledge")
        except Exception:
            pass  # the server died: it will send it again, and it is not shown again


def fake_desktop(folder):
    program = folder / "notify-send"
    program.write_text('#!/bin/sh\nfor a in "$@"; do case "$a" in string:x-dunst-stack-tag:*) '
                       'echo "${a##*:}" >> "$SHOWN";; esac; done\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "SHOWN": str(folder / "shown"),
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}


def test_kill_around_firing(tmp_path):
    data, desk = tmp_path / "data", tmp_path / "desk"
    data.mkdir(mode=0o700)
    desk.mkdir()
    env = {**fake_desktop(desk), "SOTTO_LOG": "error", "SOTTO_DESKTOP_NOTIFICATIONS": "yes"}
    rng, person, tasks, deaths = random.Random(2026), Person(), [], 0
    person.start()
    server = Server(data, env=env).__enter__()
    try:
        for turn in range(ROUNDS):
            person.url = server.url
            due = time.time() + 0.35
            for k in range(3):
                moment = datetime.fromtimestamp(due + rng.choice([0, 0, 0.01, 0.05]), timezone.utc)
                tasks.append(call(server.url, "POST", TASKS, {"title": f"round {turn}.{k}", "due_at": rfc(moment)},
                                  201)["id"])
            # Most deaths within some milliseconds of the moment, some farther away.
            spread = rng.choice([0.004, 0.015, 0.06, 0.2])
            time.sleep(max(0.0, due + rng.uniform(-spread, spread) + 0.004 - time.time()))
            server.process.kill()
            server.process.wait()
            deaths += 1
            server.__exit__()
            person.url = None
            server = Server(data, env=env).__enter__()
            person.url = server.url

            def all_shown():
                assert not person.fault, person.fault
                return {t for _, t in person.shown} >= set(tasks[-3:])

            until(all_shown, f"round {turn}: {tasks[-3:]}")
        until(lambda: not call(server.url, "GET", REMINDERS)["reminders"], "every reminder acknowledged")
    finally:
        person.stop = True
        server.__exit__()
    person.join(30)
    assert deaths == ROUNDS
    shown = [t for _, t in person.shown]
    assert sorted(shown) == sorted(tasks), "each is shown, and once"
    on_desktop = (desk / "shown").read_text().split()
    ids = {i for i, _ in person.shown}
    assert set(on_desktop) <= ids, "a second delivery of one task"
    print(f"{ROUNDS} deaths, {len(tasks)} reminders: received {sum(person.received.values())} times by the client, "
          f"{len(on_desktop)} notifications under {len(set(on_desktop))} tags")
    doctor = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True, env=Server(data).environment())
    assert doctor.returncode == 0, doctor.stdout[-2000:]
