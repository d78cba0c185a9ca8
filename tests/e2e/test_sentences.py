"""The sentences a person says, through HTTP, the WebSocket and the command line: each changes or reads
real state. The clock is set by SOTTO_NOW, so "tomorrow at nine" has one right answer."""
import asyncio
import json
import subprocess
import urllib.error
import urllib.request

import pytest
import websockets

from server import PROGRAM, Server

NOW = "2026-11-23T10:00:00+01:00"  # a Monday
ENVIRONMENT = {"SOTTO_NOW": NOW, "SOTTO_ZONE": "Europe/Berlin", "TZ": "Europe/Berlin"}

DOCUMENTS = {
    "lease.txt": "Rental agreement\n\nThe apartment in Alder Lane 14 belongs to Maria Silva, the landlord. "
                 "The rent is 950 EUR a month and is due on the third working day.\n",
    "plumber.txt": "Reyes and Son Plumbing\n\nThe shut-off valve under the kitchen sink was corroded and has been "
                   "replaced. We recommend to renew the siphon next year.\n\nThe work comes to 205.28 EUR in total.\n",
    "harbour.md": "# Harbour website\n\nThe new ferry timetable goes online in spring. Ines accepts the module.\n",
}

# What is said, words that the answer must have ("!" before: must not have), the action it must be taken for.
WEEK = [
    ("Remind me to call the bank tomorrow at nine.", ["call the bank", "tomorrow at 09:00"], "reminder_add"),
    ("Create task: review the quarterly report by Friday.", ["review the quarterly report", "friday"], "task_add"),
    ("Move it to Monday.", ["review the quarterly report", "30 november"], "task_move"),
    ("What's due this week?", ["call the bank", "!quarterly report"], "task_list"),
    ("Create task: pay the electricity bill by Wednesday.", ["electricity bill"], "task_add"),
    ("I've paid the electricity bill.", ["done", "electricity bill"], "task_complete"),
    ("Remind me to water the plants in ten minutes.", ["water the plants", "10:10"], "reminder_add"),
    ("Snooze that for an hour.", ["water the plants", "11:00"], "task_snooze"),
    ("What's on my schedule today?", ["water the plants"], "agenda"),
    ("Read me the briefing.", ["water the plants"], "briefing"),
    ("What changed since yesterday?", ["3 documents"], "changes"),
    ("What is everybody writing about this week?", ["3 documents"], "trends"),
    ("Who owns the apartment I rent?", ["maria silva"], "question"),
    ("What did the plumber say about the kitchen?", ["valve"], "question"),
    ("And how much was it?", ["205.28"], "question"),
    ("Show me where it says that.", ["205.28"], "show_source"),
    ("What are the main themes in my documents?", ["3 documents"], "trends"),
    ("Remember that my manager is Dana.", ["your manager is dana"], "remember"),
    ("Who is my manager?", ["dana"], "question"),
    ("Forget that.", ["forgotten"], "forget"),
    ("Who is my manager?", ["!dana"], "question"),
    ("Set a timer for eight minutes.", ["8 minutes"], "timer_start"),
    ("How long is left?", ["left"], "timer_left"),
    ("Stop.", [], "stop"),
    ("Say that again, slower.", ["left"], "repeat"),
    ("Book me a flight to the moon.", ["cannot"], "order_or_book"),
]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Http:
    def __init__(self, server):
        self.server, self.session = server, None

    def say(self, text):
        body = {"message": text} | ({"session_id": self.session} if self.session else {})
        answer = post(self.server.url + "/api/v1/conversations/messages", body)
        self.session = answer["session_id"]
        return answer

    def close(self):
        pass


class WebSocket:
    def __init__(self, server):
        self.loop, self.session = asyncio.new_event_loop(), None
        self.ws = self.loop.run_until_complete(websockets.connect(server.url.replace("http", "ws") + "/ws"))

    def say(self, text):
        async def ask():
            data = {"query": text} | ({"session_id": self.session} if self.session else {})
            await self.ws.send(json.dumps({"type": "TextQuery", "data": data}))
            while True:
                frame = json.loads(await asyncio.wait_for(self.ws.recv(), 60))
                assert frame["type"] != "Error", frame
                if frame["type"] == "TextResponse" and frame["data"]["done"]:
                    return frame["data"]

        answer = self.loop.run_until_complete(ask())
        self.session = answer["session_id"]
        return answer

    def close(self):
        self.loop.run_until_complete(self.ws.close())
        self.loop.close()


class CommandLine:
    """Without a server, every sentence in a process of its own: what was said before is in the data folder."""

    def __init__(self, server):
        self.environment, self.session = server.environment(), None
        server.stop()

    def say(self, text):
        more = ["--session", self.session] if self.session else []
        done = subprocess.run([PROGRAM, "ask", "--json", *more, text], env=self.environment, capture_output=True,
                              timeout=60)
        assert done.returncode in (0, 3), done
        answer = json.loads(done.stdout)
        self.session = answer["session_id"]
        return answer

    def close(self):
        pass


@pytest.mark.parametrize("channel", [Http, WebSocket, CommandLine])
def test_a_week_of_sentences(channel, tmp_path):
    with Server(tmp_path, env=ENVIRONMENT) as server:
        for name, text in DOCUMENTS.items():
            post(server.url + "/api/v1/knowledge/documents", {"content": text, "title": name, "source": f"/papers/{name}"})
        person = channel(server)
        try:
            for text, wanted, action in WEEK:
                answer = person.say(text)
                said = answer["response"].lower()
                assert answer["action"] == action, (text, answer)
                for words in wanted:
                    assert (words[1:] not in said) if words.startswith("!") else (words in said), (text, said)
                assert 0 <= answer["confidence"] <= 1
                for c in answer["citations"]:
                    assert c["end"] > c["start"] and c["text"], c
        finally:
            person.close()


def test_citations_are_the_stored_text(tmp_path):
    with Server(tmp_path, env=ENVIRONMENT) as server:
        for name, text in DOCUMENTS.items():
            post(server.url + "/api/v1/knowledge/documents", {"content": text, "title": name, "source": f"/papers/{name}"})
        person = Http(server)
        for text in ("Who owns the apartment I rent?", "What did the plumber say about the kitchen?"):
            answer = person.say(text)
            assert answer["citations"]
            for c in answer["citations"]:
                with urllib.request.urlopen(f"{server.url}/api/v1/knowledge/documents/{c['document_id']}") as d:
                    content = json.load(d)["content"].encode()
                assert content[c["start"]:c["end"]].decode() == c["text"]
            assert answer["citations"][0]["text"] == answer["response"]


def test_a_reminder_that_was_said_comes_true(tmp_path):
    """Said at ten for nine the next day; the clock is set to just before, and the program started again."""
    with Server(tmp_path, env=ENVIRONMENT) as server:
        assert "tomorrow at 09:00" in Http(server).say("Remind me to call the bank tomorrow at nine.")["response"]

    async def wait(server):
        async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
            await ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["reminders"]}}))
            while True:
                frame = json.loads(await asyncio.wait_for(ws.recv(), 120))
                if frame["type"] == "Reminder":
                    return frame["data"]["task"]

    late = ENVIRONMENT | {"SOTTO_NOW": "2026-11-24T08:59:57+01:00"}
    with Server(tmp_path, env=late) as server:
        task = asyncio.run(wait(server))
        assert task["title"] == "call the bank"
        assert "call the bank" in Http(server).say("What's due today?")["response"]


def test_what_documents_ask_for(tmp_path):
    """Proposed, never made by itself; taken once, however often it is asked for; dismissed for good."""
    bill = "Invoice\n\nPlease pay the total of 205.28 EUR by 4 December 2026 to our account.\n\n" \
           "Please return the form by Friday, 27 November 2026.\n"
    with Server(tmp_path, env=ENVIRONMENT) as server:
        post(server.url + "/api/v1/knowledge/documents", {"content": bill, "title": "A bill"})

        def proposals():
            with urllib.request.urlopen(server.url + "/api/v1/tasks/proposals") as answer:
                return json.load(answer)["proposals"]

        def tasks():
            with urllib.request.urlopen(server.url + "/api/v1/tasks") as answer:
                return json.load(answer)["tasks"]

        form, payment = proposals()
        assert (form["kind"], form["due_at"]) == ("deadline", "2026-11-27T09:00:00+01:00")
        assert (payment["kind"], payment["due_at"]) == ("payment", "2026-12-04T09:00:00+01:00")
        assert bill.encode()[payment["start"]:payment["end"]].decode() == payment["text"]
        assert tasks() == []
        taken = post(f"{server.url}/api/v1/tasks/proposals/{payment['id']}/take", {})
        assert taken["title"].startswith("pay the total of 205.28 EUR") and taken["due_at"].startswith("2026-12-04")
        assert post(f"{server.url}/api/v1/tasks/proposals/{payment['id']}/take", {})["id"] == taken["id"]
        assert [t["id"] for t in tasks()] == [taken["id"]]
        dismiss = urllib.request.Request(f"{server.url}/api/v1/tasks/proposals/{form['id']}/dismiss", method="POST")
        assert urllib.request.urlopen(dismiss).status == 204
        assert proposals() == []


def test_an_event_reminds(tmp_path):
    """An alarm of an event fires in time, once; one that was missed while nothing ran fires at the start."""
    def now(text):
        return ENVIRONMENT | {"SOTTO_NOW": f"2026-11-24T{text}+01:00"}

    with Server(tmp_path, env=now("08:00:00")) as server:
        event = {"title": "Dentist", "start": "2026-11-24T10:30:00+01:00", "end": "2026-11-24T11:00:00+01:00",
                 "remind_before": ["15 minutes"]}
        assert post(server.url + "/api/v1/calendar/events", event)["title"] == "Dentist"

    async def reminders(server, seconds):
        got = []
        async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
            await ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["reminders"]}}))
            try:
                while True:
                    frame = json.loads(await asyncio.wait_for(ws.recv(), seconds if not got else 3))
                    if frame["type"] == "Reminder":
                        got.append(frame["data"]["task"]["title"])
            except asyncio.TimeoutError:
                return got

    with Server(tmp_path, env=now("10:14:57")) as server:
        assert asyncio.run(reminders(server, 120)) == ["Dentist, today at 10:30"]
        nothing = Http(server).say("What's due today?")["response"]
        assert "dentist" not in nothing.lower()
        with pytest.raises(urllib.error.HTTPError) as refused:  # it was no change of the person's
            post(server.url + "/api/v1/tasks/undo", {})
        assert refused.value.code == 404
