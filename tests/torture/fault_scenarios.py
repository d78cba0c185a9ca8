"""What is asked of the server while something fails (fault_campaign.py): one class a scenario.

prepare(n): unarmed; run(n): the call that is hit, an Answer; settle(n, got): unarmed, may raise Fault. `n` is another
number each time."""
import json
import sqlite3
import subprocess
import time

import websockets.exceptions
from websockets.sync.client import connect

from fault_lib import CLOSED, JSON, PATIENCE, SILENT, Answer, Fault, ask, expect

DOCUMENTS = "/api/v1/knowledge/documents"


class Scenario:
    every = 1         # settle's thorough look each so many times
    slow = 1          # the short run takes each so many faults
    command = False   # a command beside the server, which is left alone
    tls = False
    own = ()          # kinds that are its connection's own, beside everybody's
    first = False     # a new server for each fault: what is done for the first time is hit

    def __init__(self, server):
        self.server = server

    def ask(self, *args, **kw):
        return ask(self.server.port, *args, tls=self.tls, **kw)

    def prepare(self, n):
        pass

    def document(self, title, content):
        made = expect(self.ask("POST", DOCUMENTS, json.dumps({"title": title, "content": content}), JSON), (200, 201),
                      "a document")
        return json.loads(made.body)["id"]


class Upload(Scenario):
    name, good = "upload", (200, 201)

    def body(self, n):
        text = (f"<html><head><title>Letter {n}</title></head><body><h1>The harbour of lot {n}</h1>"
                f"<p>Ferry number {n} leaves at noon on 3 May 2027. Dana has the spare key {n * 7919}.</p></body></html>")
        return (f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"letter{n}.html\"\r\n"
                f"Content-Type: text/html\r\n\r\n{text}\r\n--b--\r\n").encode()

    def run(self, n):
        return self.ask("POST", DOCUMENTS, self.body(n), {"Content-Type": "multipart/form-data; boundary=b"})

    def settle(self, n, got):
        again = expect(self.run(n), (200, 201), "the same upload afterwards")
        document = json.loads(again.body)
        if got.status in self.good and json.loads(got.body)["id"] != document["id"]:
            raise Fault("what was answered with an id has another one afterwards")
        seen = expect(self.ask("GET", f"{DOCUMENTS}/{document['id']}"), (200,), "reading it back")
        if f"Ferry number {n} leaves" not in json.loads(seen.body)["content"]:
            raise Fault(f"the text is not there: {seen}")
        found = expect(self.ask("GET", f"/api/v1/knowledge/search?q=spare+key+{n * 7919}"), (200,), "searching for it")
        if document["id"] not in found.body.decode():
            raise Fault("it is not found")
        expect(self.ask("DELETE", f"{DOCUMENTS}/{document['id']}"), (200, 204), "deleting it")


class Search(Scenario):
    name, good = "search", (200,)

    def prepare(self, n):
        if n == 0:
            for i in range(20):
                self.document(f"Page {i}", f"The lighthouse keeper wrote page {i} about storms and rope.")

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

    def prepare(self, n):
        self.id = self.document(f"Gone {n}", f"A passing thought about walnut {n}.")

    def run(self, n):
        return self.ask("DELETE", f"{DOCUMENTS}/{self.id}")

    def settle(self, n, got):
        seen = expect(self.ask("GET", f"{DOCUMENTS}/{self.id}"), (200, 404), "looking for it")
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


class Tls(Scenario):
    """A handshake and a small answer."""
    name, good, tls, own = "tls", (200,), True, ("write",)  # libssl's way to the socket

    def run(self, n):
        return self.ask("GET", "/health/live")

    def settle(self, n, got):
        expect(self.run(n), (200,), "the same afterwards")


class FirstTls(Tls):
    """The first of a process: what the library makes only then."""
    name, first, slow = "first-tls", True, 3


class Conversation(Scenario):
    """A command said to the assistant: the task that it makes is there when it says so, and once."""
    name, good = "conversation", (200,)

    @staticmethod
    def plant(n):  # in letters, because a number before "tomorrow" is a time
        return "fern" + "".join(chr(ord("a") + int(digit)) for digit in str(n))

    def run(self, n):
        return self.ask("POST", "/api/v1/conversations/messages",
                        json.dumps({"message": f"add a task to water {self.plant(n)} tomorrow"}), JSON)

    def settle(self, n, got):
        made = [t["id"] for t in self.tasks() if t["title"].lower() == f"water {self.plant(n)}"]
        if len(made) > 1 or got.status == 200 and json.loads(got.body)["tasks"] != made:
            raise Fault(f"tasks {made} after {got}")
        if not made:
            said = json.loads(expect(self.run(n), (200,), "the same said afterwards").body)
            made = said["tasks"]
        if len(made) != 1:
            raise Fault(f"no task afterwards: {said}")
        expect(self.ask("DELETE", f"/api/v1/tasks/{made[0]}"), (200, 204), "deleting the task")

    def tasks(self):
        got = json.loads(expect(self.ask("GET", "/api/v1/tasks?limit=200"), (200,), "the tasks").body)
        return got if isinstance(got, list) else got["tasks"]


class Stream(Scenario):
    """The answer as server-sent events: whole, an error before the first, or broken off without its "done"."""
    name, good = "stream", (200,)

    def prepare(self, n):
        if n == 0:
            self.document("Boat", "The blue boat belongs to Marta and is kept in the north harbour.")

    def run(self, n):
        got = self.ask("POST", "/api/v1/conversations/messages",
                       json.dumps({"message": "who owns the blue boat?", "stream": True}), JSON)
        return got if got.status != 200 or b"event: done" in got.body else CLOSED

    def settle(self, n, got):
        for answer in ([got] if got.status == 200 else []) + [expect(self.run(n), (200,), "the same asked afterwards")]:
            if b"Marta" not in answer.body:
                raise Fault(f"an answer without what is there: {answer}")


def failed(message):
    """An Error message of the WebSocket as an Answer of HTTP's shape."""
    data = message["data"]
    return Answer(500, json.dumps({"status": 500, "code": data.get("code"), "detail": data.get("message")}).encode())


class Socket(Scenario):
    """A whole WebSocket connection: handshake, what is said, its answer, the end."""
    def talk(self, ws, n):
        raise NotImplementedError

    def until(self, ws, wanted):
        while True:
            got = ws.recv(PATIENCE)
            if isinstance(got, bytes):
                continue
            message = json.loads(got)
            if message["type"] == "Error":
                return failed(message)
            if wanted(message):
                return Answer(200, got.encode())

    def run(self, n):
        try:
            with connect(f"ws://127.0.0.1:{self.server.port}/ws", open_timeout=PATIENCE, close_timeout=PATIENCE,
                         compression=None, max_size=None) as ws:
                return self.talk(ws, n)
        except websockets.exceptions.InvalidStatus as refused:
            return Answer(refused.response.status_code, refused.response.body)
        except (websockets.exceptions.WebSocketException, ConnectionError, EOFError):
            return CLOSED
        except TimeoutError:
            return SILENT

    def settle(self, n, got):
        expect(self.run(n), (200,), "the same afterwards")


class Live(Socket):
    name, good = "live", (200,)

    def prepare(self, n):
        if n == 0:
            self.document("Boat", "The blue boat belongs to Marta and is kept in the north harbour.")

    def talk(self, ws, n):
        ws.send(json.dumps({"type": "TextQuery", "data": {"query": "who owns the blue boat?"}}))
        return self.until(ws, lambda m: m["type"] == "TextResponse" and m["data"].get("done"))

    def settle(self, n, got):
        for answer in ([got] if got.status == 200 else []) + [expect(self.run(n), (200,), "the same asked afterwards")]:
            if b"Marta" not in answer.body:
                raise Fault(f"an answer without what is there: {answer}")


class LiveVoice(Socket):
    """What is said comes in pieces, and its answer as sound."""
    name, good, every, slow = "live-voice", (200,), 10, 3

    def prepare(self, n):
        if n == 0:
            made = expect(self.ask("POST", "/api/v1/voice/synthesize", json.dumps({"text": "What is due today?"}), JSON),
                          (200,), "something said")
            self.rate, self.sound = int.from_bytes(made.body[24:28], "little"), made.body[44:]

    def talk(self, ws, n):
        ws.send(json.dumps({"type": "VoiceStart", "data": {"rate": self.rate, "format": "s16le", "speak": True, "speed": 4,
                                                          "manual": True}}))
        for at in range(0, len(self.sound), 1 << 14):
            ws.send(self.sound[at:at + (1 << 14)])
        ws.send(json.dumps({"type": "VoiceEnd", "data": {}}))
        heard = self.until(ws, lambda m: m["type"] == "VoiceResponse")
        if heard.status != 200:
            return heard
        end = self.until(ws, lambda m: m["type"] == "VoiceAudioEnd")
        if end.status != 200:
            return end
        if json.loads(end.body)["data"]["reason"] != "done":
            return failed({"data": {"code": "VOICE", "message": end.body.decode()}})
        return heard

    def settle(self, n, got):
        if n % self.every == 0 or got.status != 200:
            heard = expect(self.run(n), (200,), "the same sound afterwards")
            if not json.loads(heard.body)["data"]["interaction"]["transcript"]:
                raise Fault(f"nothing is heard afterwards: {heard}")


class Command(Scenario):
    """A command of its own, with the library in its way; the server is not."""
    command = True
    good = (200,)

    def program(self, *args, faults=True, data=None):
        env = self.server.environment(faults)
        if faults:
            env["SOTTO_FAULTS"] = str(self.server.board_path) + ".command"
        if data:
            env["SOTTO_DATA"] = str(data)
        try:
            done = subprocess.run([self.server.options.program, *args], env=env, capture_output=True, text=True,
                                  timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired:
            return SILENT
        if done.returncode < 0:
            return Answer(-done.returncode, b"a signal ended the command")
        problem = {"status": 500, "code": str(done.returncode), "detail": done.stderr.strip() or "-"}
        return Answer(500, json.dumps(problem).encode()) if done.returncode else Answer(200, done.stdout.encode())

    def titles(self, path):
        """Of the documents in a database; a Fault when it is not whole."""
        with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as db:
            whole = db.execute("PRAGMA quick_check").fetchone()[0]
            if whole != "ok":
                raise Fault(f"{path.name}: {whole}")
            return {row[0] for row in db.execute("SELECT title FROM documents")}


class Backup(Command):
    """While the server runs. FILE is a whole backup or is not there."""
    name = "backup"

    def prepare(self, n):
        if n == 0:
            for i in range(5):
                self.document(f"Kept {i}", f"Something worth keeping, number {i}.")
        self.file = self.server.data.parent / "backup.db"
        self.file.unlink(missing_ok=True)

    def run(self, n):
        return self.program("backup", str(self.file))

    def settle(self, n, got):
        if self.file.exists() and not {f"Kept {i}" for i in range(5)} <= self.titles(self.file):
            raise Fault("a backup without what is there")
        if got.status == 200 and not self.file.exists():
            raise Fault("a backup that is not there")
        expect(self.program("backup", str(self.file), faults=False), (200,), "the same backup afterwards")


class Restore(Command):
    """What was there or what is in the backup, whole, and never anything else."""
    name = "restore"

    def prepare(self, n):
        self.file, self.other = self.server.data.parent / "whole.db", self.server.data.parent / "other"
        if n == 0:
            self.document("New", "What the backup has.")
            expect(self.program("backup", str(self.file), faults=False), (200,), "a backup")
            self.other.mkdir(mode=0o700, exist_ok=True)
            (self.server.data.parent / "Old.txt").write_text("What was there before.")
            expect(self.program("add", str(self.server.data.parent / "Old.txt"), faults=False, data=self.other), (200,),
                   "a document")
            expect(self.program("backup", str(self.file) + ".old", faults=False, data=self.other), (200,), "its backup")
        expect(self.program("restore", "--yes", str(self.file) + ".old", faults=False, data=self.other), (200,),
               "a restore afterwards")  # of the fault before

    def run(self, n):
        return self.program("restore", "--yes", str(self.file), data=self.other)

    def settle(self, n, got):
        said = expect(self.program("list", "--json", faults=False, data=self.other), (200,), "what is there").body
        here = json.loads(said)
        titles = {d["title"] for d in (here if isinstance(here, list) else here["documents"])}
        if ("What was there before." in titles) == ("New" in titles) or got.status == 200 and "New" not in titles:
            raise Fault(f"neither what was there nor the backup: {titles}")


SCENARIOS = [Upload, Search, Delete, Briefing, Voice, Conversation, Stream, Live, LiveVoice, Tls, FirstTls, Backup, Restore]
