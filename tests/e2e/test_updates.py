"""Who subscribed hears of changes from every side, and of nothing else; what is under way at the end is answered."""
import asyncio
import json
import subprocess

import websockets

from server import PROGRAM, Server


def command(server, *args):
    return subprocess.run([PROGRAM, *args], env=server.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=True)


async def next_of(ws, kind):
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 60))
        if message["type"] == kind:
            return message["data"]


def send(ws, kind, **data):
    return ws.send(json.dumps({"type": kind, "data": data}))


async def connect(server, *topics):
    ws = await websockets.connect(server.url.replace("http", "ws") + "/ws")
    await send(ws, "Subscribe", topics=list(topics))
    await send(ws, "Ping", n=1)
    await next_of(ws, "Pong")  # its Subscribe was handled
    return ws


async def all_so_far(ws):
    """What has come until a Ping that is sent now is answered."""
    await send(ws, "Ping", n=2)
    seen = []
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 60))
        if message["type"] == "Pong":
            return seen
        seen.append(message["type"])


def test_from_every_side(tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    (tmp_path / "data").mkdir()
    note = tmp_path / "note.txt"
    note.write_text("The spare key is with Ruth.")

    async def run(server):
        documents, tasks, silent = await connect(server, "documents"), await connect(server, "tasks"), await connect(server)
        await asyncio.to_thread(command, server, "add", str(note))
        assert (await next_of(documents, "DocumentUpdate"))["change"] == "created"
        await asyncio.to_thread(command, server, "folders", "add", str(folder))
        (folder / "letter.txt").write_text("The lease ends in May 2031.")
        made = await next_of(documents, "DocumentUpdate")
        assert made["change"] == "created" and "letter" in made["document"]["title"]
        (folder / "letter.txt").unlink()
        gone = await next_of(documents, "DocumentUpdate")
        assert (gone["change"], gone["document"]["id"]) == ("deleted", made["document"]["id"])
        await asyncio.to_thread(command, server, "task", "add", "call the landlord tomorrow at 9")
        assert (await next_of(tasks, "TaskUpdate"))["change"] == "created"
        await send(silent, "TextQuery", query="remind me tomorrow at 8 to water the palm")
        await next_of(silent, "TextResponse")
        assert "palm" in (await next_of(tasks, "TaskUpdate"))["task"]["title"]
        assert set(await all_so_far(documents)) <= {"DocumentUpdate"}
        assert set(await all_so_far(tasks)) <= {"TaskUpdate"}
        assert await all_so_far(silent) == []

    with Server(tmp_path / "data") as server:
        asyncio.run(run(server))


def test_what_is_under_way_is_answered_at_the_end(tmp_path):
    async def run(server):
        clients = [await connect(server) for _ in range(5)]
        answered = []
        for ws in clients:
            await send(ws, "TextQuery", query="what did the landlord say about the roof?")
            await send(ws, "Ping", n=3)
            types = []
            while "Pong" not in types:  # then the query was taken; a quick answer may overtake it
                types.append(json.loads(await asyncio.wait_for(ws.recv(), 60))["type"])
            answered.append("TextResponse" in types)
        server.process.terminate()
        for ws, already in zip(clients, answered):
            assert already or (await next_of(ws, "TextResponse"))["done"] is True
            await ws.wait_closed()
            assert ws.close_code == 1001

    with Server(tmp_path) as server:
        asyncio.run(run(server))
        assert server.process.wait(30) == 0
