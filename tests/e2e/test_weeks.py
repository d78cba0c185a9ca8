"""Three weeks and more of a person's life with the real program, a start each simulated morning: the papers of the day,
the briefing as it is pushed, as HTTP, and on the command line; tasks that come due, a reminder that is said, a trend that
comes and goes, facts that are told, replaced and forgotten, and questions that follow each other.

The clock of a server runs on from SOTTO_NOW, so that each morning is a start of its own, which also is what a computer
that sleeps at night does. Nothing sleeps but for the second before a push."""
import asyncio
import json
import subprocess
import sys

import websockets

from patience import longer
from server import PROGRAM, ROOT, Server
from test_kill import request

sys.path.insert(0, str(ROOT / "tests/support"))
import weeks  # noqa: E402

ZONE = "Europe/Berlin"
PUSHED = {3, 15}   # mornings on which the program runs before the hour of the briefing
ASLEEP = {5, 12, 21, 22}  # days on which it does not run at all
PAGE_LINES = 130
CEILING_S = longer(120)


def clock(day, time):
    return {"SOTTO_NOW": f"{weeks.date_of(day).isoformat()}T{time}+01:00", "SOTTO_ZONE": ZONE}


def call(server, method, path, body=None, status=200):
    got, answer = request(server.url, method, path, body)
    assert got == status, (method, path, got, answer)
    return answer


def sotto(data, env, *args, status=(0,)):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, env={**Server(data).environment(), **env})
    assert done.returncode in status, (args, done.stdout, done.stderr)
    return done.stdout


def section(briefing, title):
    return next(s for s in briefing["sections"] if s["title"] == title)


def lines(briefing, title):
    return [i["text"] for i in section(briefing, title)["items"]]


class Talk:
    """One conversation over all the weeks, a day over HTTP, the next over the WebSocket, the next on the command line; every
    citation is what is stored, byte for byte."""

    def __init__(self):
        self.session, self.day, self.asked = None, 0, {"http": 0, "ws": 0, "cli": 0}

    def http(self, server, message):
        body = {"message": message, **({"session_id": self.session} if self.session else {})}
        return call(server, "POST", "/api/v1/conversations/messages", body)

    def ws(self, server, message):
        async def ask():
            async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
                data = {"query": message, **({"session_id": self.session} if self.session else {})}
                await ws.send(json.dumps({"type": "TextQuery", "data": data}))
                answer = json.loads(await asyncio.wait_for(ws.recv(), CEILING_S))
                assert answer["type"] == "TextResponse" and answer["data"]["done"] is True, answer
                return answer["data"]
        return asyncio.run(ask())

    def cli(self, server, message):
        session = ["--session", self.session] if self.session else []
        return json.loads(sotto(server.data, clock(self.day, "07:20:30"), "ask", "--json", *session, message,
                                status=(0, 3)))  # 3: nothing was found

    def __call__(self, server, message):
        way = ("http", "ws", "cli")[self.day % 3]
        answer = getattr(self, way)(server, message)
        self.asked[way] += 1
        self.session = answer["session_id"]
        for c in answer["citations"]:
            document = call(server, "GET", f"/api/v1/knowledge/documents/{c['document_id']}")
            assert document["content"].encode()[c["start"]:c["end"]].decode() == c["text"]
        return answer


async def hear(server, topic, kind):
    async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
        await ws.send(json.dumps({"type": "Subscribe", "data": {"topics": [topic]}}))
        while True:
            message = json.loads(await asyncio.wait_for(ws.recv(), CEILING_S))
            if message["type"] == kind:
                return message["data"]


def check_page(briefing, day, stored):
    """What holds of every briefing, whatever is in it."""
    assert briefing["date"] == weeks.date_of(day).isoformat()
    assert [s["priority"] for s in briefing["sections"]] == ["Critical", "High", "High", "Medium", "Low"]
    assert all(i["reason"] and i["sources"] for s in briefing["sections"] for i in s["items"])
    assert len(section(briefing, "Important Reminders")["items"]) <= 10
    recent = section(briefing, "Recent Updates")
    for group in recent["groups"]:
        assert len(group["summary"].split()) <= 200
    assert sum(g["new"] for g in recent["groups"]) <= stored
    for s in briefing["sections"]:
        for i in s["items"]:
            if s["title"] != "Recent Updates" and i["source_type"] == "document" and "ate passed" not in i["reason"]:
                assert "\ufffd" not in i["text"]


def test_weeks(tmp_path):
    say, known, sent = Talk(), {}, []
    for day in range(weeks.DAYS):
        say.day = day
        if day in ASLEEP:
            continue
        # The papers of the day before came in the evening, when the program ran for a while.
        evening = [d for d in range(day) if d not in known]
        with Server(tmp_path, env=clock(day, "06:30:00")) as server:
            for d in evening:
                known[d] = [call(server, "POST", "/api/v1/knowledge/documents", {**p, "file_type": "text"}, 201)["id"]
                            for p in weeks.papers(d)]
            if day == 0:
                call(server, "GET", "/api/v1/briefing/schedule")  # the first start: nothing of the days before
        stored = sum(len(v) for v in known.values())
        time = "06:59:59" if day in PUSHED else "07:20:00"
        with Server(tmp_path, env=clock(day, time)) as server:
            if day:
                pushed = asyncio.run(hear(server, "briefing", "BriefingUpdate"))["briefing"]
                assert pushed["date"] == weeks.date_of(day).isoformat(), "late rather than never, and once"
                sent.append(pushed["date"])
            briefing = call(server, "GET", "/api/v1/briefing/daily")
            check_page(briefing, day, stored)
            assert day == 0 or section(briefing, "Recent Updates")["lead"].startswith(
                f"{sum(len(weeks.papers(d)) for d in evening) + (day == 10)} document")  # and Priya's of the ninth
            MORNINGS.get(day, lambda *_: None)(server, say, briefing)
            check_invoices(briefing, day, known)
            check_theme(server, briefing, day)
            text = sotto(tmp_path, clock(day, "07:21:00"), "brief", "--text")
            assert len(text.splitlines()) <= PAGE_LINES and "Important Reminders" in text
    assert sum(len(v) for v in known.values()) >= 190
    assert all(say.asked.values()), say.asked
    # The history has every morning on which it ran, each as it was then; without a server as well.
    history = json.loads(sotto(tmp_path, clock(weeks.DAYS, "12:00:00"), "brief", "history", "--json"))
    assert [b["date"] for b in history][:len(sent)] == sent[::-1]
    sotto(tmp_path, clock(weeks.DAYS, "12:01:00"), "brief")
    history = json.loads(sotto(tmp_path, clock(weeks.DAYS, "12:02:00"), "brief", "history", "--json"))
    assert history[0]["date"] == weeks.date_of(weeks.DAYS).isoformat(), "kept without a server"
    once, again = (sotto(tmp_path, clock(weeks.DAYS, "12:03:00"), "brief", "--json") for _ in range(2))
    assert once == again, "byte for byte"


# ---- what holds on each morning ------------------------------------------------------------------

def check_invoices(briefing, day, known):
    """Due from a week ahead until three days after: each once, with its own number or sum."""
    due = section(briefing, "Important Reminders")
    told = {s["id"] for i in due["items"] for s in i["sources"]}
    for d, ids in known.items():
        bill = weeks.invoice(d)
        if not bill:
            continue
        left = (bill["due"] - weeks.date_of(day)).days
        if -3 <= left <= 2:  # nearer ones come first, so that these are among the ten
            assert ids[0] in told, (day, bill, [i["text"] for i in due["items"]])
        elif left < -3:
            assert ids[0] not in told, (day, bill)


def check_theme(server, briefing, day):
    topics = " ".join(lines(briefing, "Trending Topics")).lower()
    if day in (11, 13, 14, 15, 16):
        assert weeks.THEME in topics, (day, topics)
        line = next(i for i in section(briefing, "Trending Topics")["items"] if weeks.THEME in i["text"].lower())
        assert line["recent"] >= 3 and "before" in line
    if day < 8 or day > 21:
        assert weeks.THEME not in topics, (day, topics)


# ---- what happens on some of them ----------------------------------------------------------------

def monday(server, say, briefing):
    assert "nothing is due" in briefing["headline"]
    assert "Dana" in say(server, "My manager is Dana.")["response"]
    say(server, "Call me Petra")
    say(server, "I'm allergic to hazelnuts.")
    say(server, "My daughter is called Mia.")
    say(server, "my daughter's birthday is 20 November")
    task = say(server, "Create task: review the quarterly report by Friday.")
    assert task["tasks"]
    refused = say(server, "My PIN is 4711.")
    assert "not kept" in refused["response"]
    assert call(server, "GET", "/api/v1/memory?q=4711")["total"] == 0


def tuesday(server, say, briefing):
    assert briefing["headline"].startswith("Good morning, Petra. Tuesday, 3 November")
    assert "Dana" in say(server, "Who is my manager?")["response"]
    # Follow-ups, four of them, about an invoice that came yesterday.
    bill = weeks.invoice(0)
    first = say(server, f"How much is invoice {bill['number']}?")
    assert bill["sum"] in first["response"]
    assert str(bill["due"].day) in say(server, "and until when must I pay it?")["response"]
    assert bill["sum"] in say(server, "And how much was it?")["response"]
    shown = say(server, "Show me where it says that.")
    assert bill["number"] in shown["response"] and shown["citations"]
    assert "nothing" in say(server, "Which submarine won the regatta of Zorgon?")["response"].lower()


def wednesday(server, say, briefing):
    said = say(server, "Remind me to call the bank today at 7:20:04.")
    if not said["tasks"]:
        said = say(server, "Remind me to call the bank in one minute")
    call(server, "PATCH", f"/api/v1/tasks/{said['tasks'][0]}", {"remind_at": weeks.date_of(2).isoformat() + "T07:20:10+01:00"})
    reminder = asyncio.run(hear(server, "reminders", "Reminder"))
    assert "call the bank" in reminder["task"]["title"]
    say(server, "I've called the bank")


def friday(server, say, briefing):
    report = next(i for i in section(briefing, "Important Reminders")["items"] if "quarterly report" in i["text"])
    assert report["source_type"] == "task" and "today" in report["reason"]


def overdue(server, say, briefing):
    report = next(i for i in section(briefing, "Important Reminders")["items"] if "quarterly report" in i["text"])
    assert report["overdue"] is True
    say(server, "I've finished the quarterly report")
    now = call(server, "GET", "/api/v1/briefing/daily")
    assert not any("quarterly report" in text for text in lines(now, "Important Reminders"))


def new_manager(server, say, briefing):
    changed = say(server, "My manager is now Priya.")
    assert "Dana" in changed["response"]  # what it was before
    assert "Priya" in say(server, "Who is my manager?")["response"]
    assert "Dana" in say(server, "Who was my manager before?")["response"]
    fact = call(server, "GET", "/api/v1/memory?subject=my%20manager")["facts"][0]
    assert fact["conversation_id"] == say.session and fact["message_id"]
    chain = call(server, "GET", f"/api/v1/memory/{fact['id']}/history")["facts"]
    assert [f["value"] for f in chain] == ["Priya", "Dana"] and chain[1]["replaced_by"] == fact["id"]
    told = sotto(server.data, clock(9, "07:20:40"), "memory", "history", fact["id"])
    assert "Priya" in told and "Dana" in told
    call(server, "POST", "/api/v1/knowledge/documents", {"title": "From Priya", "file_type": "text",
         "content": "Priya wants the travel plan on Wednesday. The canteen has new chairs.", "source": "/home/petra/mail/priya.txt"}, 201)
    assert "Wednesday" in say(server, "When does my manager want the travel plan?")["response"]


def birthday_near(server, say, briefing):
    near = next(i for i in section(briefing, "Important Reminders")["items"] if "birthday" in i["text"])
    assert "Mia" in near["text"] and near["source_type"] == "fact" and "tomorrow" in near["reason"]


def birthday(server, say, briefing):
    today = next(i for i in section(briefing, "Important Reminders")["items"] if "birthday" in i["text"])
    assert "today" in today["reason"]
    assert "birthday" in say(server, "Read me the briefing.")["response"]


def forgotten(server, say, briefing):
    assert not any("birthday" in text for text in lines(briefing, "Important Reminders"))
    assert "hazelnuts" in say(server, "What am I allergic to?")["response"]
    assert "Forgotten" in say(server, "forget that I'm allergic to hazelnuts")["response"]
    assert "hazelnuts" not in say(server, "What do you know about me?")["response"]
    assert "hazelnuts" not in say(server, "What am I allergic to?")["response"]
    assert call(server, "GET", "/api/v1/memory?q=hazelnuts&history=true")["total"] == 0


MORNINGS = {0: monday, 1: tuesday, 2: wednesday, 4: friday, 6: overdue, 9: new_manager, 17: birthday_near, 18: birthday,
            20: forgotten}
