"""A client of live conversations, and words to say in them."""
import array
import asyncio
import io
import json
import time
import wave

import httpx2 as httpx
import websockets

from patience import SLOWER, longer

VOICE = "en_US-joe-medium"


class Say:
    """say(text) is it as 16-bit samples at any rate, from our own voice."""

    def __init__(self, url, headers=None):
        self.url, self.headers, self.known = url, headers, {}

    def __call__(self, text, rate=16000):
        if text not in self.known:
            got = httpx.post(self.url + "/api/v1/voice/synthesize", json={"text": text, "voice": VOICE}, timeout=60,
                             headers=self.headers)
            with wave.open(io.BytesIO(got.content)) as w:
                self.known[text] = w.getframerate(), array.array("h", w.readframes(w.getnframes()))
        hz, pcm = self.known[text]
        out = array.array("h")
        for i in range(int(len(pcm) * rate / hz)):
            at = i * hz / rate
            k = int(at)
            out.append(int(pcm[k] + (pcm[min(k + 1, len(pcm) - 1)] - pcm[k]) * (at - k)))
        return out.tobytes()


def silence(seconds, rate=16000):
    return b"\0\0" * int(seconds * rate)


class Client:
    """async with Client(server) as c: everything that came is in c.seen, as (time, message)."""

    def __init__(self, server, headers=None):
        self.url, self.headers = server.url.replace("http", "ws") + "/ws", headers
        self.seen, self.changed = [], asyncio.Event()

    async def __aenter__(self):
        self.ws = await websockets.connect(self.url, max_size=None, additional_headers=self.headers)
        self.reader = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.ws.close()

    async def read(self):
        async for m in self.ws:
            message = {"type": "sound", "data": m} if isinstance(m, bytes) else json.loads(m)
            self.seen.append((time.monotonic(), message))
            self.changed.set()

    async def send(self, kind, **data):
        await self.ws.send(json.dumps({"type": kind, "data": data}))

    async def feed(self, pcm, seconds=0.1, rate=16000, pace=0.0):
        """In messages of so many seconds; pace 1 is as fast as it was spoken."""
        step = int(rate * seconds) * 2
        begin = time.monotonic()
        for i, at in enumerate(range(0, len(pcm), step)):
            wait = begin + i * seconds * pace - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            await self.ws.send(pcm[at:at + step])

    def all(self, kind):
        return [m["data"] for _, m in self.seen if m["type"] == kind]

    def finals(self):
        return [t["text"] for t in self.all("Transcript") if t["final"]]

    def states(self):
        return [s["state"] for s in self.all("VoiceState")]

    async def until(self, what, seconds=60):
        """what() is asked again with every message."""
        deadline = time.monotonic() + longer(seconds)
        while not what():
            self.changed.clear()
            left = deadline - time.monotonic()
            assert left > 0, [m for _, m in self.seen if m["type"] != "sound"][-12:]
            try:
                await asyncio.wait_for(self.changed.wait(), left / SLOWER)
            except asyncio.TimeoutError:
                pass


def run(talk, server, clients=1):
    async def main():
        async with Client(server) as a:
            if clients == 1:
                await talk(a)
            else:
                async with Client(server) as b:
                    await talk(a, b)
    asyncio.run(main())


def has(text, *words):
    return all(w in text.lower() for w in words)
