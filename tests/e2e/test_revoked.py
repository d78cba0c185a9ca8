"""Who loses the right to be there in the middle of it all: an answer is being spoken to them, sound comes from them, a
language model is writing for them. However it ends (token revoked or expired, signed out, person removed), they are told
within a second, hear nothing more, and nothing runs for them any longer, though they do not even close the connection."""
import base64
import json
import os
import socket
import struct
import threading
import time

import pytest
import requests

import chat_server as cs
from live_lib import VOICE, Say, silence
from server import Server
from test_access import Caller

PASSWORD = "a long enough password"
LEASE = "The lease of the flat in Elm Street begins on 1 March 2026. The rent is 1,250 EUR a month."


class Raw:
    """A client that says what it is told and never answers a closing frame. self.seen: (time, opcode, payload)."""

    def __init__(self, url, headers):
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        lines = ["GET /ws HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        assert b" 101 " in self.stream.readline()
        while self.stream.readline().strip():
            pass
        self.seen, self.ended_at, self.lock = [], None, threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while True:
                head = self.stream.read(2)
                if len(head) < 2:
                    break
                n = head[1]
                if n > 125:
                    n = struct.unpack(">H" if n == 126 else ">Q", self.stream.read(2 if n == 126 else 8))[0]
                data = self.stream.read(n)
                with self.lock:
                    self.seen.append((time.monotonic(), head[0] & 15, data))
                    self.lock.notify_all()
        except OSError:
            pass
        with self.lock:
            self.ended_at = time.monotonic()
            self.lock.notify_all()

    def send(self, opcode, data):
        n = len(data)
        size = bytes([128 | n]) if n < 126 else bytes([254]) + struct.pack(">H", n)
        self.socket.sendall(bytes([128 | opcode]) + size + b"\0\0\0\0" + data)

    def say(self, kind, **data):
        self.send(1, json.dumps({"type": kind, "data": data}).encode())

    def feed(self, pcm):
        for at in range(0, len(pcm), 3200):
            self.send(2, pcm[at:at + 3200])

    def until(self, what, seconds=60):
        with self.lock:
            assert self.lock.wait_for(lambda: what(self), seconds), self.seen[-5:]

    def sounds(self):
        return [d for _, op, d in self.seen if op == 2]

    def closed(self):
        return next(((i, at, d) for i, (at, op, d) in enumerate(self.seen) if op == 8), None)


def writes_for_ever(chat):
    def reply(h):
        h.events()
        try:
            for i in range(600):
                h.event(cs.chunk({"content": f"The rent {i} is said. "}))
                time.sleep(0.05)
        finally:
            chat.left.append(time.monotonic())
    return reply


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with cs.Chat() as chat:
        chat.left = []
        chat.replies = [writes_for_ever(chat)]
        env = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en", "SOTTO_SPEECH_VOICE": VOICE, "OPENAI_BASE_URL": chat.url,
               "OPENAI_API_KEY": "sk-test"}
        with Server(tmp_path_factory.mktemp("data"), "--rate-address", "0", "--rate-token", "0", env=env) as server:
            local = Caller(server.url)
            me = local.ok("GET", "/api/v1/session")["person"]["id"]
            question = Say(server.url)("What can you do?")
            local.ok("PUT", f"/api/v1/people/{me}/password", {"password": PASSWORD})
            server.first = sign_in(server, "me")
            server.chat, server.question = chat, question
            yield server


def sign_in(server, name):
    r = requests.post(server.url + "/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=60)
    assert r.status_code == 200, r.text
    return Caller(server.url, cookie=r.cookies["sotto_session"])


def in_the_middle(house, session, way, lasts):
    """Somebody who hears an answer, and for whom the model writes another one."""
    token = session.ok("POST", "/api/v1/tokens", {"name": "live", "scopes": ["read", "write", "voice"],
                                                  "expires_in_days": lasts / 86400})
    c = Raw(house.url, session.headers if way == "session" else {"Authorization": "Bearer " + token["token"]})
    asked = len(house.chat.requests)
    c.say("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300, interrupt_ms=0)
    c.feed(house.question + silence(0.8))
    c.until(lambda c: len(c.sounds()) > 3 or c.closed())
    c.say("TextQuery", query="how much is the rent of the flat in Elm Street?")
    deadline = time.monotonic() + 60
    while len(house.chat.requests) == asked and not c.closed():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return token, c


@pytest.mark.parametrize("way", ["token", "expiry", "session", "person"])
def test_in_the_middle_of_a_conversation(house, way):
    name, lasts = f"anna-{way}", 5 if way == "expiry" else 3600
    person = house.first.ok("POST", "/api/v1/people", {"name": name, "password": PASSWORD})["id"]
    session = sign_in(house, name)
    session.ok("POST", "/api/v1/knowledge/documents", {"title": "Lease", "content": LEASE})
    made = time.monotonic()
    token, c = in_the_middle(house, session, way, lasts)
    while c.closed():  # on a slow machine it was over before there was a middle
        assert way == "expiry" and lasts < 200
        lasts, made = 2 * lasts, time.monotonic()
        token, c = in_the_middle(house, session, way, lasts)
    asked, n_left = len(house.chat.requests), len(house.chat.left)
    if way == "token":
        session.ok("DELETE", f"/api/v1/tokens/{token['id']}")
    elif way == "session":
        session.ok("DELETE", "/api/v1/session")
    elif way == "person":
        house.first.ok("DELETE", f"/api/v1/people/{person}?confirm={name}")
    done = max(time.monotonic(), made + lasts + 2 if way == "expiry" else 0)  # it is looked for every second
    c.until(lambda c: c.closed(), lasts + 60 if way == "expiry" else 60)
    index, at, payload = c.closed()
    assert struct.unpack(">H", payload[:2])[0] == 1008
    assert at - done < 1.0
    while len(house.chat.left) == n_left:  # the model is not listened to any more
        assert time.monotonic() - at < 5.0
        time.sleep(0.02)
    try:  # it goes on as if nothing had happened
        for _ in range(10):
            c.feed(silence(0.1))
            c.say("TextQuery", query="what is the rent?")
            time.sleep(0.02)
    except OSError:
        pass
    c.until(lambda c: c.ended_at)
    assert len(c.seen) == index + 1  # nothing behind the closing frame
    assert len(house.chat.requests) == asked
    gone = Caller(house.url, token["token"])("GET", "/api/v1/tasks").status_code
    assert gone == (200 if way == "session" else 401)
