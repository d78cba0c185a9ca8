"""What the network's thread does: nothing that waits for a disk or a name; and what becomes of the
program when it hangs. tests/torture/loop_calls.c looks, and makes it hang."""
import json
import os
import re
import socket
import time
import urllib.error
import urllib.request

import pytest
from server import PROGRAM, Server
from websockets.sync.client import connect

LIBRARY = PROGRAM.parent.parent / "libloop_calls.so"
# A library that is loaded before the sanitizers' is refused by them.
pytestmark = pytest.mark.skipif(re.search("asan|tsan", str(PROGRAM)) is not None, reason="not under a sanitizer")


def ask(url, path, body=None, method=None, kind="application/json"):
    request = urllib.request.Request(url + path, body, {"Content-Type": kind} if body else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def every_kind_of_request(server):
    url = server.url
    for path in ("/", "/health", "/metrics", "/openapi.json", "/nothing", "/api/v1/tasks", "/api/v1/settings",
                 "/api/v1/knowledge/search?q=boiler", "/api/v1/conversations", "/api/v1/briefing", "/api/v1/export"):
        ask(url, path)
    made = json.loads(ask(url, "/api/v1/knowledge/documents",
                          json.dumps({"title": "Boiler", "content": "The boiler was bought in 2019."}).encode()))
    ask(url, f"/api/v1/knowledge/documents/{made['id']}")
    with connect(url.replace("http", "ws") + "/ws") as ws:
        ws.send(json.dumps({"type": "Subscribe", "data": {"topics": ["documents", "tasks", "reminders", "briefing"]}}))
        ws.send(json.dumps({"type": "TextQuery", "data": {"query": "remind me to ring Ann tomorrow at nine"}}))
        ws.send(json.dumps({"type": "TextQuery", "data": {"query": "when was the boiler bought?"}}))
        done = 0
        while done < 2:
            message = json.loads(ws.recv(60))
            done += message["type"] == "TextResponse" and message["data"].get("done", False)
    ask(url, f"/api/v1/knowledge/documents/{made['id']}", method="DELETE")


def test_nothing_that_waits_is_done_on_the_loop(tmp_path):
    with Server(tmp_path, env={"LD_PRELOAD": str(LIBRARY)}) as server:
        every_kind_of_request(server)
    log = (tmp_path / "server.log").read_text()
    seen = set(re.findall(r"^ELSEWHERE (\w+)$", log, re.M))
    assert {"fdatasync", "pread64", "pwrite64"} <= seen or {"fsync", "pread64", "pwrite64"} <= seen, seen
    assert not re.findall(r"^LOOP CALL \w+$", log, re.M)


def test_a_loop_that_hangs_ends_the_program(tmp_path):
    """After thirty ticks: a minute, here three seconds, because a watchdog of 0.2 s makes the ticks short."""
    with Server(tmp_path, env={"LD_PRELOAD": str(LIBRARY), "WATCHDOG_USEC": "200000"}, ends=1) as server:
        time.sleep(1)
        assert json.loads(ask(server.url, "/health/live"))["status"] == "ok"
        host, port = server.url.split("//")[1].rsplit(":", 1)
        with socket.create_connection((host, int(port))) as s:
            s.sendall(b"HANG\r\n")
            assert server.process.wait(60) == 1
    assert "the network's thread hangs" in (tmp_path / "server.log").read_text()
