"""The briefing against the real program: HTTP in every form, the WebSocket at its time, the command line with and
without a server, the conversation, simulated weeks with the program down in between."""
import asyncio
import json
import subprocess
import urllib.request
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import websockets

from patience import longer
from server import PROGRAM, Server
from test_kill import request

DAILY, SCHEDULE = "/api/v1/briefing/daily", "/api/v1/briefing/schedule"
CLOCK = {"SOTTO_NOW": "2026-11-23T10:00:00+01:00", "SOTTO_ZONE": "Europe/Berlin"}
CEILING_S = longer(120)
BILL = "Power company\n\nPlease pay the invoice of 84.20 EUR no later than 27 November 2026.\n"


def at(moment):
    return {**CLOCK, "SOTTO_NOW": moment}


def call(url, method, path, body=None, status=200):
    got, answer = request(url, method, path, body)
    assert got == status, (method, path, got, answer)
    return answer


def fetch(url, path, accept):
    with urllib.request.urlopen(urllib.request.Request(url + path, headers={"Accept": accept}), timeout=60) as r:
        return r.headers["Content-Type"], r.read().decode()


def sotto(data, *args, env=None, status=0):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True,
                          env={**Server(data).environment(), **(env or CLOCK)})
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout


def section(briefing, title):
    return next(s for s in briefing["sections"] if s["title"] == title)


def fill(url):
    document = call(url, "POST", "/api/v1/knowledge/documents",
                    {"title": "Power company", "content": BILL, "file_type": "text", "source": "mail"}, 201)
    task = call(url, "POST", "/api/v1/tasks", {"text": "call the bank today at 17:00"}, 201)
    event = call(url, "POST", "/api/v1/calendar/events",
                 {"title": "Dentist", "start": "2026-11-23T15:00:00+01:00", "end": "2026-11-23T15:30:00+01:00"}, 201)
    return document["id"], task["id"], event["id"]


def test_forms_over_http(tmp_path):
    with Server(tmp_path, env=CLOCK) as s:
        empty = call(s.url, "GET", DAILY)
        assert [x["items"] for x in empty["sections"]] == [[]] * 5
        document, task, event = fill(s.url)
        briefing = call(s.url, "GET", DAILY)
        assert briefing["date"] == "2026-11-23" and briefing["generated_at"].startswith("2026-11-23T10:0")
        assert [x["priority"] for x in briefing["sections"]] == ["Critical", "High", "High", "Medium", "Low"]
        due = section(briefing, "Important Reminders")
        assert {(i["source_type"], i["source_id"]) for i in due["items"]} == {("task", task), ("document", document)}
        assert due["source_documents"] == [document]
        assert [i["source_id"] for i in section(briefing, "Today")["items"]] == [event, task]
        assert section(briefing, "Recent Updates")["source_documents"] == [document]
        assert all(i["reason"] for x in briefing["sections"] for i in x["items"])

        kind, text = fetch(s.url, DAILY, "text/plain")
        assert kind.startswith("text/plain") and "call the bank" in text and "Dentist" in text
        kind, page = fetch(s.url, DAILY, "text/html")
        assert kind.startswith("text/html")
        HTMLParser().feed(page)
        assert "<script" not in page and "call the bank" in page
        kind, feed = fetch(s.url, "/api/v1/briefing/feed.atom", "*/*")
        assert kind.startswith("application/atom+xml")
        atom = "{http://www.w3.org/2005/Atom}"
        entries = ElementTree.fromstring(feed).findall(atom + "entry")
        assert len(entries) == 1 and "call the bank" in entries[0].find(atom + "content").text
        assert [b["id"] for b in call(s.url, "GET", "/api/v1/briefing/history")] == [briefing["id"]]
        assert call(s.url, "GET", DAILY + "?date=tomorrow", status=400)["code"] == "VALIDATION_ERROR"
        # The conversation reads the same one.
        said = call(s.url, "POST", "/api/v1/conversations/messages", {"message": "Read me the briefing."})
        assert "call the bank" in said["response"] and "Dentist" in said["response"]
        assert "/" not in said["response"].replace("24/7", "")


def test_command_line_is_the_same_with_and_without_a_server(tmp_path):
    with Server(tmp_path, env=CLOCK) as s:
        fill(s.url)
        with_server = [sotto(tmp_path, "brief", *a) for a in (["--json"], ["--text"], ["--html"], ["--speech"], [])]
    without = [sotto(tmp_path, "brief", *a) for a in (["--json"], ["--text"], ["--html"], ["--speech"], [])]
    assert with_server == without, "byte for byte"
    briefing = json.loads(without[0])
    assert len(briefing["sections"]) == 5
    assert "Important Reminders" in without[4] and "due today at 17:00" in without[4]
    assert "Dentist" not in sotto(tmp_path, "brief", "--date", "2026-11-24")
    assert "09:00" in sotto(tmp_path, "brief", "--tz", "America/New_York")
    sotto(tmp_path, "brief", "--tz", "Mars/Base", status=2)
    sotto(tmp_path, "brief", "yesterday", status=2)
    assert "2026-11-23" in sotto(tmp_path, "brief", "history")
    assert "at 07:00" in sotto(tmp_path, "brief", "schedule")
    changed = sotto(tmp_path, "brief", "schedule", "--at", "06:30", "--days", "mon,fri", "--tz", "UTC")
    assert "at 06:30 on mon,fri in UTC" in changed and "next: 2026-11-27T06:30:00" in changed


async def next_of(ws, kind):
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), CEILING_S))
        if message["type"] == kind:
            return message["data"]


def subscribe(topics):
    return json.dumps({"type": "Subscribe", "data": {"topics": topics}})


def test_pushed_at_its_time(tmp_path):
    async def scene(url):
        async with websockets.connect(url.replace("http", "ws") + "/ws") as ws:
            await ws.send(subscribe(["briefing"]))
            return (await next_of(ws, "BriefingUpdate"))["briefing"]

    with Server(tmp_path, env=at("2026-11-24T06:00:00+01:00")) as s:  # the first start: nothing of before
        fill(s.url)
        assert call(s.url, "GET", SCHEDULE)["next_at"] == "2026-11-24T07:00:00+01:00"
        changed = call(s.url, "PUT", SCHEDULE, {"time": "07:30", "days": ["tue"]})
        assert changed["next_at"] == "2026-11-24T07:30:00+01:00" and changed["days"] == ["tue"]
        assert call(s.url, "PUT", SCHEDULE, {"time": "24:30"}, 400)["code"] == "VALIDATION_ERROR"
    with Server(tmp_path, env=at("2026-11-24T07:29:57+01:00")) as s:
        briefing = asyncio.run(scene(s.url))
        assert briefing["date"] == "2026-11-24" and briefing["generated_at"] == "2026-11-24T07:30:00+01:00"
        again = asyncio.run(scene(s.url))  # who comes later gets the day's, under the same id
        assert again["id"] == briefing["id"]


def test_late_rather_than_never(tmp_path):
    """Three weeks, a start now and then: what was due while nothing ran is sent once, as of then."""
    async def sent(url):
        async with websockets.connect(url.replace("http", "ws") + "/ws") as ws:
            await ws.send(subscribe(["briefing"]))
            return (await next_of(ws, "BriefingUpdate"))["briefing"]["date"]

    with Server(tmp_path, env=at("2026-11-23T10:00:00+01:00")) as s:
        fill(s.url)
        assert call(s.url, "GET", "/api/v1/briefing/history") == []
    days = ["2026-11-24", "2026-11-25", "2026-12-04", "2026-12-14"]
    for day in days:
        with Server(tmp_path, env=at(day + "T11:30:00+01:00")) as s:
            assert asyncio.run(sent(s.url)) == day
    history = json.loads(sotto(tmp_path, "brief", "history", "--json", env=at("2026-12-14T12:00:00+01:00")))
    assert [b["date"] for b in history] == days[::-1]
    # Each was made of its own day.
    assert "overdue" in section(history[-1], "Important Reminders")["content"]
    assert all(not section(b, "Recent Updates")["items"] for b in history[:-1])
