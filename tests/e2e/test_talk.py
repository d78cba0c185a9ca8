"""Conversations, memory and chat completions with the real program: over HTTP, server-sent events, the
WebSocket, OpenAI's own client and the command line; with and without a running server."""
import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import openai
import pytest
import websockets
from openai._streaming import SSEDecoder

from server import PROGRAM, Server

SAY = "/api/v1/conversations/messages"
TALKS = "/api/v1/conversations"
MEMORY = "/api/v1/memory"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def lease(http):
    """A document with the answers that the tests ask for."""
    made = http.post("/api/v1/knowledge/documents", json={
        "title": "Lease of Harbour Street 9",
        "content": "The monthly rent is 950 euros. The notice period is three months.\n\n"
                   "The landlord is Marta Quill, and the spare key lies with the caretaker."})
    assert made.status_code in (200, 201), made.text
    return made.json()


def say(http, message, session=None, **more):
    body = {"message": message, **more}
    if session:
        body["session_id"] = session
    got = http.post(SAY, json=body)
    assert got.status_code == 200, got.text
    return got.json()


def problem(got, status, code):
    assert got.status_code == status, got.text
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["code"] == code
    return got.json()["detail"]


# ---- HTTP ----------------------------------------------------------------------------------------

def test_an_answer_and_its_proof(http, lease):
    answer = say(http, "How much is the monthly rent?")
    assert "950 euros" in answer["response"]
    assert answer["found"] is True and 0 <= answer["confidence"] <= 1 and answer["response_time_ms"] > 0
    assert "Query" in answer["intent"]
    first = answer["citations"][0]
    assert first["document_id"] == lease["id"]
    assert lease["content"].encode()[first["start"]:first["end"]].decode() == first["text"]
    nothing = say(http, "Which submarine won the regatta of Zorgon?")
    assert nothing["found"] is False and nothing["citations"] == []


def test_a_command_changes_state(http):
    said = say(http, "remind me to water the ficus tomorrow at nine")
    assert said["intent"]["Command"]["action"] == "reminder_add"
    assert len(said["tasks"]) == 1 and said["can_undo"] is True
    task = http.get(f"/api/v1/tasks/{said['tasks'][0]}").json()
    assert "water the ficus" in task["title"] and task["status"] == "open"
    back = say(http, "undo", said["session_id"])
    assert back["session_id"] == said["session_id"]
    assert http.get(f"/api/v1/tasks/{said['tasks'][0]}").status_code == 404


def test_conversations_are_listed_searched_renamed_deleted(http, lease):
    one = say(http, "Who is the landlord of the xylophone shop?")["session_id"]
    say(http, "How long is the notice period?", one)
    two = say(http, "How much is the monthly rent?")["session_id"]
    listed = http.get(TALKS, params={"limit": 200}).json()
    ids = [c["id"] for c in listed["conversations"]]
    assert ids.index(two) < ids.index(one) and listed["total"] == len(ids)
    found = http.get(TALKS, params={"q": "xylophone notice"}).json()["conversations"]
    assert [c["id"] for c in found] == [one] and found[0]["message_count"] == 4
    seen, cursor = [], None
    while True:  # page by page, each once
        page = http.get(TALKS, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [c["id"] for c in page["conversations"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ids
    whole = http.get(f"{TALKS}/{one}").json()
    assert [m["role"] for m in whole["messages"]] == ["user", "assistant"] * 2
    assert whole["messages"][3]["citations"][0]["gone"] is False
    last = http.get(f"{TALKS}/{one}", params={"limit": 1}).json()
    assert [m["id"] for m in last["messages"]] == [whole["messages"][3]["id"]]
    before = http.get(f"{TALKS}/{one}", params={"limit": 9, "cursor": last["next_cursor"]}).json()
    assert [m["id"] for m in before["messages"]] == [m["id"] for m in whole["messages"][:3]]
    assert before["next_cursor"] is None
    renamed = http.patch(f"{TALKS}/{one}", json={"title": "About quokkas"})
    assert renamed.status_code == 200 and renamed.json()["title"] == "About quokkas"
    assert [c["id"] for c in http.get(TALKS, params={"q": "quokkas"}).json()["conversations"]] == [one]
    for again in range(2):  # deleted by mistake, and back as it was; it goes on, too
        before = http.get(f"{TALKS}/{one}").json()
        assert http.delete(f"{TALKS}/{one}", params={"undoable": "true"}).status_code == 204
        assert http.get(TALKS, params={"q": "xylophone"}).json()["conversations"] == []
        problem(http.get(f"{TALKS}/{one}"), 404, "NOT_FOUND")
        assert http.post(f"{TALKS}/{one}/restore").json()["title"] == "About quokkas"
        assert http.get(f"{TALKS}/{one}").json() == before
        problem(http.post(f"{TALKS}/{one}/restore"), 404, "NOT_FOUND")
        say(http, "And how much is it?", one)
    assert http.delete(f"{TALKS}/{one}").status_code == 204
    problem(http.post(f"{TALKS}/{one}/restore"), 404, "NOT_FOUND")
    assert http.get(TALKS, params={"q": "xylophone"}).json()["conversations"] == []
    problem(http.get(f"{TALKS}/{one}"), 404, "NOT_FOUND")
    problem(http.delete(f"{TALKS}/{one}"), 404, "NOT_FOUND")
    problem(http.patch(f"{TALKS}/{one}", json={"title": "x"}), 404, "NOT_FOUND")
    problem(http.post(SAY, json={"message": "hello", "session_id": one}), 404, "NOT_FOUND")


def test_exact_errors(http):
    assert "message is missing" in problem(http.post(SAY, json={}), 400, "VALIDATION_ERROR")
    problem(http.post(SAY, json={"message": " \n "}), 400, "VALIDATION_ERROR")
    problem(http.post(SAY, json={"message": "é" * 3000}), 400, "VALIDATION_ERROR")
    assert "session_id" in problem(http.post(SAY, json={"message": "x", "session_id": "7"}), 400,
                                   "VALIDATION_ERROR")
    assert "unknown member" in problem(http.post(SAY, json={"message": "x", "masage": "y"}), 400,
                                       "VALIDATION_ERROR")
    problem(http.post(SAY, json={"message": "x", "session_id": str(uuid.uuid4())}), 404, "NOT_FOUND")
    problem(http.get(TALKS, params={"cursor": "nonsense"}), 400, "VALIDATION_ERROR")
    problem(http.get(MEMORY, params={"cursor": "nonsense"}), 400, "VALIDATION_ERROR")
    problem(http.get(f"{TALKS}/not-an-id"), 404, "NOT_FOUND")


def test_a_citation_whose_document_is_gone(http):
    doc = http.post("/api/v1/knowledge/documents", json={
        "content": "The password hint of the shed is written on the blue armadillo."}).json()
    answer = say(http, "What is written on the blue armadillo?")
    assert answer["citations"][0]["document_id"] == doc["id"]
    assert http.delete(f"/api/v1/knowledge/documents/{doc['id']}").status_code == 204
    kept = http.get(f"{TALKS}/{answer['session_id']}").json()["messages"][1]
    assert [c["gone"] for c in kept["citations"] if c["document_id"] == doc["id"]] == [True]


def test_memory(http):
    first = http.post(MEMORY, json={"text": "my dentist is Dr Okafor"})
    assert first.status_code == 201 and first.json()["replaced"] is None
    fact = first.json()
    assert (fact["subject"], fact["value"], fact["holds"]) == ("my dentist", "Dr Okafor", True)
    assert first.headers["location"] == f"{MEMORY}/{fact['id']}"
    assert "Okafor" in say(http, "Who is my dentist?")["response"]
    second = http.post(MEMORY, json={"text": "my dentist is Dr Lindqvist"}).json()
    assert second["replaced"] == fact["id"]
    now = http.get(MEMORY, params={"q": "dentist"}).json()
    assert [f["id"] for f in now["facts"]] == [second["id"]] and now["total"] == 1
    both = http.get(MEMORY, params={"subject": "my dentist", "history": True}).json()["facts"]
    assert [(f["id"], f["holds"], f["replaced_by"]) for f in both] == [
        (second["id"], True, None), (fact["id"], False, second["id"])]
    changed = http.patch(f"{MEMORY}/{second['id']}", json={"text": "my dentist is Dr Lindqvist-Meyer"})
    assert changed.status_code == 200 and changed.json()["value"] == "Dr Lindqvist-Meyer"
    problem(http.patch(f"{MEMORY}/{fact['id']}", json={"text": "my dentist is X"}), 409, "CONFLICT")
    for secret in ("my password is hunter2", "my card is 4111 1111 1111 1111"):
        assert "not kept" in problem(http.post(MEMORY, json={"text": secret}), 400, "VALIDATION_ERROR")
        problem(http.patch(f"{MEMORY}/{second['id']}", json={"text": secret}), 400, "VALIDATION_ERROR")
    assert http.delete(f"{MEMORY}/{second['id']}", params={"history": True}).status_code == 204
    assert http.get(MEMORY, params={"q": "dentist", "history": True}).json()["facts"] == []
    problem(http.get(f"{MEMORY}/{second['id']}"), 404, "NOT_FOUND")
    problem(http.delete(f"{MEMORY}/{second['id']}"), 404, "NOT_FOUND")


def test_a_secret_is_not_kept(tmp_path):
    """Refused as a fact, and not in the conversation either: in no file of the data folder."""
    with Server(tmp_path) as one, httpx.Client(base_url=one.url, timeout=60) as http:
        answer = say(http, "remember that my password is xylocopa77")
        assert "not kept" in answer["response"]
        say(http, "thanks", answer["session_id"])
        kept = http.get(f"{TALKS}/{answer['session_id']}").json()
        assert kept["message_count"] == 4 and "xylocopa" not in json.dumps(kept)
        assert http.get(MEMORY).json()["total"] == 0
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"xylocopa" not in path.read_bytes(), path


# ---- server-sent events --------------------------------------------------------------------------

def events(http, **request):
    with http.stream("POST", SAY, **request) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        return [(e.event, json.loads(e.data)) for e in SSEDecoder().iter_bytes(answer.iter_bytes())]


def test_events(http, lease):
    by_member = events(http, json={"message": "How much is the monthly rent?", "stream": True})
    by_accept = events(http, json={"message": "How much is the monthly rent?"},
                       headers={"Accept": "text/event-stream;q=0.9, application/json"})
    for got in by_member, by_accept:
        assert {kind for kind, _ in got[:-1]} == {"delta"} and got[-1][0] == "done"
        whole = got[-1][1]
        assert "".join(piece["text"] for _, piece in got[:-1]) == whole["response"]
        assert "950 euros" in whole["response"] and whole["citations"][0]["document_id"] == lease["id"]
        assert http.get(f"{TALKS}/{whole['session_id']}").status_code == 200
    many = events(http, json={"message": "what can you do?", "stream": True})
    assert len(many) > 2  # sentence by sentence
    assert "".join(piece["text"] for _, piece in many[:-1]) == many[-1][1]["response"]
    plain = http.post(SAY, json={"message": "thanks", "stream": False}, headers={"Accept": "text/event-stream"})
    assert plain.headers["content-type"] == "application/json"
    problem(http.post(SAY, json={"message": "", "stream": True}), 400, "VALIDATION_ERROR")
    problem(http.post(SAY, json={"message": "x", "stream": True, "session_id": str(uuid.uuid4())}), 404,
            "NOT_FOUND")


def test_a_client_that_leaves_in_the_middle(http):
    for _ in range(20):
        with http.stream("POST", SAY, json={"message": "what can you do?", "stream": True}) as answer:
            next(answer.iter_bytes())
    assert http.get("/health").status_code == 200


# ---- OpenAI --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)


def user(text):
    return {"role": "user", "content": text}


def test_chat_completion(client, http, lease):
    assert "sotto" in [m.id for m in client.models.list().data]
    assert client.models.retrieve("sotto").id == "sotto"
    got = client.chat.completions.create(
        model="sotto", temperature=0.2, top_p=0.9, seed=7, user="me",
        messages=[{"role": "system", "content": "Be brief."}, user("How much is the monthly rent?")])
    message = got.choices[0].message
    assert got.object == "chat.completion" and got.model == "sotto" and got.id.startswith("chatcmpl-")
    assert abs(got.created - time.time()) < 3600
    assert "950 euros" in message.content and message.role == "assistant"
    assert got.choices[0].finish_reason == "stop"
    cited = message.annotations[0].url_citation
    quoted = message.content[cited.start_index:cited.end_index]
    assert "950 euros" in quoted and cited.title == lease["title"]
    assert http.get(cited.url).json()["id"] == lease["id"]
    assert got.usage.total_tokens == got.usage.prompt_tokens + got.usage.completion_tokens
    assert got.usage.prompt_tokens == 3 + 7 and got.usage.completion_tokens >= 7  # WordPiece
    parts = client.chat.completions.create(model="sotto", messages=[
        {"role": "user", "content": [{"type": "text", "text": "How much is"}, {"type": "text", "text": "the rent?"}]}])
    assert "950" in parts.choices[0].message.content


def test_chat_completion_stream(client, lease):
    chunks = list(client.chat.completions.create(
        model="sotto", stream=True, stream_options={"include_usage": True},
        messages=[user("How much is the monthly rent?")]))
    assert {c.object for c in chunks} == {"chat.completion.chunk"} and len({c.id for c in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "950 euros" in text
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 10
    end = [c for c in chunks if c.choices][-1].choices[0].delta
    assert end.annotations[0]["url_citation"]["title"] == lease["title"]
    plain = list(client.chat.completions.create(model="sotto", stream=True, messages=[user("thanks")]))
    assert all(c.usage is None for c in plain)


def test_chat_goes_on(client, http):
    """What a chat client does: it sends everything again, and "it" is still known."""
    talk = [user("remind me to call the plumber tomorrow at nine")]
    first = client.chat.completions.create(model="sotto", messages=talk).choices[0].message.content
    talk += [{"role": "assistant", "content": first}, user("delete it")]
    client.chat.completions.create(model="sotto", messages=talk)
    left = http.get("/api/v1/tasks", params={"q": "plumber", "status": "open"}).json()["tasks"]
    assert left == []
    kept = http.get(TALKS, params={"q": "plumber"}).json()["conversations"]
    assert len(kept) == 1 and kept[0]["message_count"] == 4
    before = http.get(TALKS).json()["total"]
    client.chat.completions.create(model="sotto", store=False, messages=[user("How much is the rent?")])
    assert http.get(TALKS).json()["total"] == before


def test_chat_limits(client):
    ask = [user("what can you do?")]
    whole = client.chat.completions.create(model="sotto", messages=ask, store=False)
    short = client.chat.completions.create(model="sotto", messages=ask, store=False, max_completion_tokens=5)
    assert short.choices[0].finish_reason == "length" and short.usage.completion_tokens == 5
    assert whole.choices[0].message.content.startswith(short.choices[0].message.content)
    word = whole.choices[0].message.content.split()[3]
    cut = client.chat.completions.create(model="sotto", messages=ask, store=False, stop=[word])
    assert word not in cut.choices[0].message.content and cut.choices[0].finish_reason == "stop"


TOOLS = [{"type": "function", "function": {"name": "turn_on", "parameters": {"type": "object", "properties": {}}}}]


def test_chat_with_tools_of_the_clients(client):
    """They may be called and are not."""
    for more in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        got = client.chat.completions.create(model="sotto", store=False, messages=[user("thanks")], tools=TOOLS, **more)
        assert got.choices[0].message.content and not got.choices[0].message.tool_calls


@pytest.mark.parametrize("bad", [
    {"messages": []},
    {"messages": [{"role": "assistant", "content": "hello"}]},
    {"messages": [{"role": "robot", "content": "hello"}]},
    {"messages": [{"role": "user", "content": ""}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
    {"n": 2},
    {"logprobs": True},
    {"response_format": {"type": "json_object"}},
    {"max_tokens": 0},
    {"tools": TOOLS, "tool_choice": "required"},
    {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "turn_on"}}},
    {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
])
def test_chat_errors(client, bad):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**{"model": "sotto", "messages": [user("hello")], **bad})
    error = refused.value.response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["type"] == "invalid_request_error"


def test_chat_unknown_model(client):
    for name in ("gpt-17", "all-MiniLM-L6-v2"):
        with pytest.raises(openai.NotFoundError) as unknown:
            client.chat.completions.create(model=name, messages=[user("hello")])
        assert unknown.value.code == "model_not_found" and unknown.value.type == "not_found_error"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-17")


# ---- WebSocket -----------------------------------------------------------------------------------

def test_websocket(server, http, lease):
    async def ask(ws, **data):
        await ws.send(json.dumps({"type": "TextQuery", "data": data}))
        return json.loads(await asyncio.wait_for(ws.recv(), 60))

    async def run():
        async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
            first = await ask(ws, query="remind me to feed the axolotl tomorrow at eight")
            assert first["type"] == "TextResponse" and first["data"]["done"] is True
            session = first["data"]["session_id"]
            assert first["data"]["intent"]["Command"]["action"] == "reminder_add"
            second = (await ask(ws, query="undo", session_id=session))["data"]
            assert second["session_id"] == session and second["response"]  # one frame an answer: nothing comes in pieces without a model
            rent = (await ask(ws, query="How much is the monthly rent?"))["data"]
            assert rent["session_id"] != session and rent["citations"][0]["document_id"] == lease["id"]
            for data, code in (({"query": "x", "session_id": "7"}, "VALIDATION_ERROR"),
                               ({"query": "x", "session_id": str(uuid.uuid4())}, "NOT_FOUND"),
                               ({"query": "x" * 5000}, "TOO_LARGE"), ({"query": " "}, "VALIDATION_ERROR")):
                answer = await ask(ws, **data)
                assert (answer["type"], answer["data"]["code"]) == ("Error", code)
            assert http.get(f"{TALKS}/{session}").json()["message_count"] == 4
    asyncio.run(run())


# ---- restarts ------------------------------------------------------------------------------------

def test_sessions_survive_a_restart(tmp_path):
    with Server(tmp_path) as one, httpx.Client(base_url=one.url, timeout=60) as http:
        said = say(http, "remind me to call the bank tomorrow at nine")
        http.post(MEMORY, json={"text": "my manager is Dana"})
        one.process.send_signal(signal.SIGKILL)  # what was answered is durable
        one.process.wait(20)
    with Server(tmp_path) as two, httpx.Client(base_url=two.url, timeout=60) as http:
        kept = http.get(f"{TALKS}/{said['session_id']}").json()
        assert [m["text"] for m in kept["messages"]] == ["remind me to call the bank tomorrow at nine",
                                                         said["response"]]
        assert "Dana" in say(http, "Who is my manager?")["response"]
        back = say(http, "undo", said["session_id"])  # what can be undone is known, too
        assert http.get(f"/api/v1/tasks/{said['tasks'][0]}").status_code == 404, back


def test_many_speak_at_once(http):
    """Turns of one conversation follow each other, whoever sends them; none is lost or half kept."""
    session = say(http, "thanks")["session_id"]
    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda i: say(http, f"remember that shelf {i} is blue", session), range(24)))
    assert {g["session_id"] for g in got} == {session}
    kept = http.get(f"{TALKS}/{session}", params={"limit": 200}).json()["messages"]
    assert len(kept) == 50 and [m["role"] for m in kept] == ["user", "assistant"] * 25
    said = {g["response"] for g in got}
    assert {m["text"] for m in kept[3::2]} == said and len(said) == 24
    assert http.get(MEMORY, params={"q": "shelf blue"}).json()["total"] == 24


# ---- the command line ----------------------------------------------------------------------------

def sotto(data, *args, stdin=None, status=0):
    env = {**Server(data).environment(), "COLUMNS": "100"}
    run = subprocess.run([PROGRAM, *args], env=env, input=stdin, capture_output=True, text=True, timeout=120)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout


def walk(data):
    """Everything the commands do, on an empty folder or beside a server."""
    assert "Dana" in sotto(data, "ask", "remember that my manager is Dana")
    assert "Dana" in sotto(data, "ask", "who", "is", "my", "manager?")
    assert "nothing" in sotto(data, "ask", "which submarine won the regatta of Zorgon?", status=3)
    first = json.loads(sotto(data, "ask", "--json", "remind me to call the bank tomorrow at nine"))
    session = first["session_id"]
    sotto(data, "ask", "--session", session, "undo")
    assert "bank" not in sotto(data, "task", "list", "--json")
    sotto(data, "ask", "--session", str(uuid.uuid4()), "hello", status=3)
    sotto(data, "ask", "--session", "7", "hello", status=2)
    chat = sotto(data, "chat", stdin="note: the red toolbox is in the attic\n\n"
                                     "where is the red toolbox?\r\n/nonsense\nthanks\n/quit\nnever read\n")
    assert "attic" in chat and "[1]" in chat
    listed = json.loads(sotto(data, "conversations", "--json"))
    assert listed[0]["message_count"] == 6 and session in [c["id"] for c in listed]
    assert "toolbox" in sotto(data, "conversations", "show", listed[0]["id"][-6:])
    assert "toolbox" in sotto(data, "conversations", "list", "--find", "toolbox")
    sotto(data, "conversations", "delete", session, status=2)  # nobody to ask
    sotto(data, "conversations", "delete", "--yes", session)
    sotto(data, "conversations", "show", session, status=3)
    assert session not in sotto(data, "conversations")
    assert sotto(data, "conversations", "restore", session).startswith("there again: ")
    assert "the bank" in sotto(data, "conversations", "show", session)
    sotto(data, "conversations", "restore", session, status=3)  # it is there
    sotto(data, "conversations", "delete", "--yes", "--forever", session)
    sotto(data, "conversations", "restore", session, status=3)
    sotto(data, "memory", "add", "my", "manager", "is", "Priya")
    assert "Priya" in sotto(data, "memory") and "Dana" not in sotto(data, "memory")
    history = json.loads(sotto(data, "memory", "list", "--history", "--json"))
    assert [f["value"] for f in history] == ["Priya", "Dana"]
    sotto(data, "memory", "delete", "--yes", "--history", history[0]["id"])
    assert json.loads(sotto(data, "memory", "list", "--history", "--json")) == []
    sotto(data, "memory", "add", "my password is hunter2", status=2)
    sotto(data, "memory", "delete", "--yes", str(uuid.uuid4()), status=3)


def test_commands_without_a_server(tmp_path):
    walk(tmp_path)


def test_commands_beside_a_server(tmp_path):
    with Server(tmp_path):
        walk(tmp_path)


class Terminal:
    """A person at a terminal: the pty is the controlling one, so that Ctrl-C is a key there."""

    def __init__(self, data, kind, *args):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(self.master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))

        def control():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        env = {**Server(data).environment(), "TERM": kind, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen([PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave, env=env,
                                        preexec_fn=control)
        os.close(slave)
        self.seen = b""

    def until(self, what):
        limit = time.monotonic() + 60
        while what not in self.seen:
            assert time.monotonic() < limit, self.seen
            if select.select([self.master], [], [], 1)[0]:
                self.seen += os.read(self.master, 4096)
        self.seen = self.seen[self.seen.index(what) + len(what):]

    def type(self, keys):
        os.write(self.master, keys)

    def ends(self, status):
        assert self.process.wait(60) == status
        assert termios.tcgetattr(self.master)[:4] == self.before[:4]  # the terminal is as it was
        os.close(self.master)


@pytest.mark.parametrize("kind", ["dumb", "xterm"])
def test_chat_on_a_terminal_ends_with_ctrl_c(tmp_path, kind):
    person = Terminal(tmp_path, kind, "chat")
    person.until(b"> ")
    person.type(b"remember that my boat is called Halcyon\r")
    person.until(b"Halcyon.")
    person.until(b"> ")
    person.type(b"half a line\x03")
    person.ends(130)
    assert "Halcyon" in sotto(tmp_path, "memory")


def test_chat_edits_a_line(tmp_path):
    person = Terminal(tmp_path, "xterm", "chat")
    person.until(b"> ")
    person.type("remember that my dog is called Fidé".encode() + b"\x1b[D\x7f\x1b[C\x7fo \x1b[Hplease \r")
    person.until(b"Fio.")  # the keys were keys
    person.until(b"> ")
    person.type(b"\x1b[A\x01\x0bwho is my dog?\r")  # the line before, cut whole, another one
    person.until(b"Fio.")
    person.until(b"> ")
    person.type(b"\x1b[A\x1b[A\x1b[B\r")  # up, up, down: the question again
    person.until(b"Fio.")
    person.until(b"> ")
    person.type(b"\x04")
    person.ends(0)
    talk = json.loads(sotto(tmp_path, "conversations", "--json"))[0]
    shown = json.loads(sotto(tmp_path, "conversations", "show", talk["id"], "--json"))["messages"]
    assert [m["text"] for m in shown if m["role"] == "user"] == [
        "please remember that my dog is called Fio", "who is my dog?", "who is my dog?"]
