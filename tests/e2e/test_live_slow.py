"""Answers aloud that are longer than anybody waits for, and clients that read them slowly or not at all: no worker and
no voice is held for them, what a slow one has not heard yet is not thrown away, and who reads nothing is closed."""
import asyncio
import json
import os
import socket
import time

import httpx2 as httpx
import pytest
import websockets.exceptions
from websockets.sync.client import connect

from live_lib import Client, Say
from patience import longer
from server import Server
from test_live_voices import kept, metric

FULL = os.environ.get("SOTTO_TORTURE") == "full"
BASE = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en", "SOTTO_THREADS": "2", "SOTTO_SPEECH_VOICE": "espeak:en-us"}
LONG, SHORT = "What are my tasks?", "What time is it?"  # minutes and seconds


def tasks(server, letters, many=10):
    for i in range(many):
        title = (f"Water fern {i} " + "in the long corridor behind the library, " * 20)[:letters]
        assert httpx.post(server.url + "/api/v1/tasks", json={"title": title}).status_code == 201


class Reader:
    """A client that reads when it likes: of what is on its way the socket holds little."""

    def __init__(self, server, headers=None):
        host, port = server.url.removeprefix("http://").split(":")
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect((host, int(port)))
        self.opening = connect(f"ws://{host}:{port}/ws", sock=plain, max_queue=1, max_size=None, compression=None,
                               ping_interval=None, additional_headers=headers)
        self.bytes, self.end, self.rate = 0, None, 0

    def __enter__(self):
        self.ws = self.opening.__enter__()
        return self

    def __exit__(self, *how):
        self.opening.__exit__(*how)

    def ask(self, pcm):
        self.ws.send(json.dumps({"type": "VoiceStart", "data": {"rate": 16000, "format": "s16le", "speak": True,
                                                               "manual": True}}))
        self.ws.send(pcm)
        self.ws.send(json.dumps({"type": "VoiceEnd", "data": {}}))
        while not self.rate:
            self.read()

    def read(self):
        got = self.ws.recv(60)
        if isinstance(got, bytes):
            self.bytes += len(got)
            return
        message = json.loads(got)
        assert message["type"] != "Error", message
        if message["type"] == "VoiceAudio":
            self.rate = message["data"]["rate"]
        if message["type"] == "VoiceAudioEnd":
            self.end = message["data"]

    def whole(self):
        assert self.end["reason"] == "done" and abs(self.end["played_ms"] / 1000 - self.bytes / 2 / self.rate) < 0.1


def until_held(server):
    """Nothing is read, and the server knows."""
    deadline = time.monotonic() + longer(60)
    while not metric(server, "voice_held_total"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_who_reads_slowly_hears_all_of_it(tmp_path):
    with Server(tmp_path, env=BASE) as server:
        tasks(server, 12, 3)
        pcm = Say(server.url)(LONG)
        with Reader(server) as r:
            r.ask(pcm)
            until_held(server)
            held = metric(server, "voice_held_total")
            time.sleep(0.3)
            assert metric(server, "voice_held_total") > held
            while not r.end:
                r.read()
            r.whole()
        assert abs(kept(server)[0]["spoken"]["seconds"] - r.bytes / 2 / r.rate) < 0.1


def test_who_is_behind_when_the_token_ends_hears_no_more(tmp_path):
    """The connection outlives what it was told for: until its client has read the close."""
    with Server(tmp_path, env=BASE) as server:
        tasks(server, 12, 3)
        pcm = Say(server.url)(LONG)
        token = httpx.post(server.url + "/api/v1/tokens", json={"name": "slow", "scopes": ["read", "write", "voice"]}).json()
        with Reader(server, {"Authorization": "Bearer " + token["token"]}) as r:
            r.ask(pcm)
            until_held(server)
            assert httpx.delete(f"{server.url}/api/v1/tokens/{token['id']}").status_code == 204
            time.sleep(0.2)
            with pytest.raises(websockets.exceptions.ConnectionClosed):
                while True:
                    r.read()
            assert not r.end
        assert httpx.get(server.url + "/health/live").status_code == 200


def test_long_answers_hold_nobody_up(tmp_path):
    """Four people are told for minutes; there are two workers and two to speak with that voice. A fifth asks."""
    async def talk(server, say):
        people = [Client(server) for _ in range(5)]
        for c in people:
            await c.__aenter__()
        for c in people:
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True, manual=True)
            await c.ws.send(say(LONG if c is not people[-1] else SHORT))
            if c is not people[-1]:
                await c.send("VoiceEnd")
                await c.until(lambda c=c: len(c.all("sound")) > 3)
        await people[-1].send("VoiceEnd")
        await people[-1].until(lambda: people[-1].all("VoiceAudioEnd"))
        assert people[-1].all("VoiceAudioEnd")[0]["reason"] == "done"
        for c in people[:-1]:  # they are still being told, and nobody interrupts
            assert c.states()[-1] == "speaking" and not c.all("Error")
        await people[0].send("Cancel")  # as far as it was made it is kept
        await people[0].until(lambda: people[0].all("VoiceAudioEnd"))
        assert people[0].all("VoiceAudioEnd")[0]["reason"] == "cancelled"
        for c in people:
            await c.__aexit__()
        seconds = sorted(i["spoken"]["seconds"] for i in kept(server, 5))
        assert seconds[0] < 10 and all(30 < s < 130 for s in seconds[1:]), seconds
    with Server(tmp_path, env=BASE) as server:
        tasks(server, 190)
        asyncio.run(talk(server, Say(server.url)))


def test_minutes_at_three_quarters_of_the_pace(tmp_path):
    """The long run: 32 KB a second of 44, for two minutes and more; and one who stops is closed in time."""
    if not FULL:
        return  # test_who_reads_slowly_hears_all_of_it is its short version
    with Server(tmp_path, env=BASE) as server:
        tasks(server, 140)
        pcm = Say(server.url)(LONG)
        with Reader(server) as stopped, Reader(server) as r:
            stopped.ask(pcm)
            silent_since = time.monotonic()
            r.ask(pcm)
            began, before = time.monotonic(), r.bytes
            while not r.end:
                r.read()
                ahead = (r.bytes - before) / 32000 - (time.monotonic() - began)
                if ahead > 0:
                    time.sleep(ahead)
            r.whole()
            assert r.bytes > 60 * 2 * r.rate and time.monotonic() - began > 1.3 * r.bytes / 2 / r.rate
            time.sleep(max(0, silent_since + 95 - time.monotonic()))
            try:
                while not stopped.end:
                    stopped.read()
                raise AssertionError("who read nothing was told everything")
            except websockets.exceptions.ConnectionClosed:
                assert stopped.bytes < 30 * 2 * stopped.rate
