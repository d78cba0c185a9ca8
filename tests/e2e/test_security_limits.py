"""What is too much: each limit that a client can reach, at the limit and one past it, from one table. docs/SECURITY.md
has the same table for people: a limit that is missing there, or has another number, fails; so does a test it names that
is not there."""
import asyncio
import json
import re
import socket
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
import requests
import websockets

from server import PROGRAM, ROOT, Server

UPLOAD = 1 << 20
DOC = "/api/v1/knowledge/documents"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--max-upload", "1M") as running:
        running.port = int(running.url.rsplit(":", 1)[1])
        yield running


def raw(server, head, body=b""):
    """The status of a request given as bytes; the server may answer before it has read all of it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        try:
            s.sendall(head + body)
        except OSError:
            pass
        data = b""
        while b"\r\n" not in data:
            try:
                piece = s.recv(65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
    return int(data.split()[1])


def head_of(server, target="/health/live", headers=()):
    lines = [f"GET {target} HTTP/1.1", f"Host: localhost:{server.port}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def target(server, n):
    return raw(server, head_of(server, "/" + "a" * (n - 1)))


def head(server, n):
    short = len(head_of(server, headers=("X: ",)))
    return raw(server, head_of(server, headers=("X: " + "y" * (n - short),)))


def header_count(server, n):
    return raw(server, head_of(server, headers=[f"X-{i}: 1" for i in range(n - 1)]))


def json_post(server, path, text):
    return requests.post(server.url + path, data=text, headers={"Content-Type": "application/json"}, timeout=60).status_code


def body(server, n):
    prefix, suffix = b'{"q":"x"', b"}"
    return json_post(server, "/api/v1/knowledge/search", prefix + b" " * (n - len(prefix) - len(suffix)) + suffix)


def upload(server, n):
    boundary, name = b"x" * 20, b"f.txt"
    start = b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
    end = b"\r\n--" + boundary + b"--\r\n"
    content = (b"Words to be read: %d." % n + b"\n" * n)[:n - len(start) - len(end)]  # much to send, little to read
    return requests.post(server.url + DOC, data=start + content + end, timeout=60,
                         headers={"Content-Type": "multipart/form-data; boundary=" + boundary.decode()}).status_code


def parts(server, n):
    fields = [("content", (None, f"Form of {n} parts."))] + [("tags", (None, f"t{i % 90}")) for i in range(n - 1)]
    r = requests.post(server.url + DOC, files=fields, timeout=60)
    return 201 if r.status_code == 400 and "tags" in r.text and n <= 256 else r.status_code  # too many tags, but read


def part_name(server, n):
    r = requests.post(server.url + DOC, files=[("x" * n, (None, "1"))], timeout=60)
    return 200 if r.status_code == 400 and "unknown form field" in r.text else r.status_code


def depth(server, n):
    inner = n - 2  # the body's own object, and metadata
    text = '{"content":"Deep %d.","metadata":{"x":%s1%s}}' % (n, "[" * inner, "]" * inner)
    return json_post(server, DOC, text)


def query(server, n):
    r = requests.get(server.url + "/api/v1/tasks?" + "&".join(["limit=5"] + ["kind=task"] * (n - 1)), timeout=60)
    return 200 if r.status_code == 400 and "parameters" not in r.text else r.status_code


def message(server, n):
    return json_post(server, "/api/v1/conversations/messages", json.dumps({"message": "hello " + "a" * (n - 6)}))


def results(server, n):
    return requests.get(f"{server.url}/api/v1/knowledge/search?q=word&limit={n}", timeout=60).status_code


def listed(server, n):
    return requests.get(f"{server.url}{DOC}?limit={n}", timeout=60).status_code


def title(server, n):
    return json_post(server, DOC, json.dumps({"title": "t" * n, "content": f"Title of {n}."}))


def ws_message(server, n):
    async def run():
        async with websockets.connect(server.url.replace("http", "ws") + "/ws", max_size=None) as ws:
            text = json.dumps({"type": "TextQuery", "data": {"query": ""}})
            try:
                await ws.send(text.ljust(n))
                answer = json.loads(await asyncio.wait_for(ws.recv(), 60))
                return answer["data"]["code"]
            except websockets.ConnectionClosed:
                return ws.close_code
    return asyncio.run(run())


def ws_waiting(server, n):
    async def run():
        async with websockets.connect(server.url.replace("http", "ws") + "/ws") as ws:
            for i in range(n):
                await ws.send(json.dumps({"type": "TextQuery", "data": {"query": "what is due?" + "?" * i}}))
            kinds = [json.loads(await asyncio.wait_for(ws.recv(), 60)) for _ in range(n)]
            return "RATE_LIMITED" if any(k["type"] == "Error" and k["data"]["code"] == "RATE_LIMITED" for k in kinds) else 200
    if n <= 8:
        return asyncio.run(run())
    for _ in range(20):  # some are answered while the others come: far more than the limit at once
        got = asyncio.run(run())
        if got != 200:
            return got
    return got


def tokens(server, n):
    there = len(requests.get(server.url + "/api/v1/tokens", timeout=60).json()["tokens"])
    for i in range(there, n):
        r = requests.post(server.url + "/api/v1/tokens", json={"name": f"t{i}", "scopes": ["read"]}, timeout=60)
    return r.status_code


def token_sent(server, n):
    r = requests.get(server.url + "/api/v1/session", headers={"Authorization": "Bearer " + "k" * n}, timeout=60)
    return r.status_code


def ws_error(server, kind, data):
    """The code of the Error that a message gets, or 200."""
    async def run():
        async with websockets.connect(server.url.replace("http", "ws") + "/ws", max_size=None) as ws:
            await ws.send(json.dumps({"type": kind, "data": data}))
            answer = json.loads(await asyncio.wait_for(ws.recv(), 60))
            return answer["data"]["code"] if answer["type"] == "Error" else 200
    return asyncio.run(run())


def ws_ping(server, n):
    return ws_error(server, "Ping", {"x": "y" * (n - len('{"type":"Pong","data":{"x":""}}'))})


def ws_question(server, n):
    return ws_error(server, "TextQuery", {"query": "hello " + "a" * (n - 6)})


def calendars(server, n):
    there = len(requests.get(server.url + "/api/v1/calendar/calendars", timeout=60).json()["calendars"])
    for i in range(there, n):
        r = requests.post(server.url + "/api/v1/calendar/calendars", json={"name": f"c{i}"}, timeout=60)
    return r.status_code


def embedded(server, n):
    """The last is no text: nothing is computed, and it is refused for another reason."""
    r = requests.post(server.url + "/v1/embeddings", json={"model": "all-MiniLM-L6-v2", "input": ["a"] * (n - 1) + [None]}, timeout=60)
    assert r.status_code == 400, r.text
    return 400 if "at most" in r.text else 200


# what (as docs/SECURITY.md calls it), the request, the limit, what is answered at it, and one past it
LIMITS = [
    ("address of a request", target, 8192, 404, 414), ("head of a request", head, 32768, 200, 431),
    ("headers", header_count, 100, 200, 431), ("body of a search", body, 1 << 20, 200, 413),
    ("upload", upload, UPLOAD, 201, 413), ("parts of a form", parts, 256, 201, 413),
    ("name in a form", part_name, 1024, 200, 413), ("depth of JSON", depth, 32, 201, 400),
    ("parameters", query, 256, 200, 400), ("message to the assistant", message, 4096, 200, 400),
    ("results of a search", results, 100, 200, 400), ("documents of a list", listed, 200, 200, 400),
    ("title", title, 500, 201, 400), ("message of a WebSocket", ws_message, 16 << 20, "VALIDATION_ERROR", 1009),
    ("questions that wait on a WebSocket", ws_waiting, 8, 200, "RATE_LIMITED"), ("tokens of a person", tokens, 200, 201, 409),
    ("question over a WebSocket", ws_question, 4096, 200, "TOO_LARGE"), ("answer to a Ping", ws_ping, 1024, 200, "TOO_LARGE"),
    ("calendars of a person", calendars, 200, 201, 413), ("texts of an embedding", embedded, 2048, 200, 400),
]


@pytest.mark.parametrize("what,ask,limit,at,past", LIMITS, ids=[x[0] for x in LIMITS])
def test_at_the_limit_and_past_it(server, what, ask, limit, at, past):
    assert ask(server, limit) == at, "at the limit"
    assert ask(server, limit + (200 if ask is ws_waiting else 1)) == past, "past it"
    assert requests.get(server.url + "/health", timeout=60).status_code == 200


def numbers(text):
    """4,096 and 16 MiB as numbers."""
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    return {int(n.replace(",", "")) * units.get(unit, 1) for n, unit in re.findall(r"(\d[\d,]*)(?: (KiB|MiB|GiB))?", text)}


def rows():
    section = (ROOT / "docs/SECURITY.md").read_text().split("## Limits")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and not set(cells[0]) <= set("-") and cells[0] != "what":
            yield cells


def test_the_document_has_them_all():
    table = {cells[0]: cells for cells in rows()}
    for what, _, limit, _, past in LIMITS:
        assert what in table, what
        if what != "upload":  # a setting; its default stands there
            assert limit in numbers(table[what][1]), (what, limit, table[what])
        assert str(past) in table[what][2] or isinstance(past, str), (what, past)


def test_every_test_that_is_named_is_there():
    text = (ROOT / "docs/SECURITY.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.(?:py|c))(?:::(\w+))?`", text)
    assert len(named) > 25
    for path, name in named:
        assert (ROOT / path).exists(), path
        assert not name or re.search(rf"\b{name}\b", (ROOT / path).read_text()), (path, name)


def test_a_token_of_any_length_is_only_wrong(server):
    assert {token_sent(server, n) for n in (1, 70, 80, 1000, 8000)} == {200}


def thin(n_times, one_more):
    """A .docx whose text unpacks to exactly n_times its size (and the rest that a division leaves), or one byte more."""
    for packed in range(22000, 23000):
        size = n_times * packed + n_times - 1 + one_more
        start, end = b"<w:document><w:body><w:p><w:r><w:t>%d</w:t></w:r></w:p>" % packed, b"</w:body></w:document>"
        text = start + b" " * (size - len(start) - len(end)) + end
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        bytes_ = deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
        left = packed - len(bytes_) - 2
        if left >= 0 and left % 5 == 0:  # empty stored blocks make it as long as is wanted
            return text, bytes_ + b"\0\0\0\xff\xff" * (left // 5) + b"\3\0"
    raise AssertionError("no such size")


def docx(text, packed):
    types = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    out, listed = b"", b""
    for name, data, method, plain in ((b"[Content_Types].xml", types, 0, types), (b"word/document.xml", packed, 8, text)):
        head = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 33, zlib.crc32(plain), len(data), len(plain), len(name), 0)
        listed += b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name
        out += b"PK\3\4" + head + name + data
    return out + listed + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), len(out), 0)


def test_archives(tmp_path):
    """What unpacks to 400 times its size is read, with one byte more it is refused, and the server goes on."""
    with Server(tmp_path) as server:
        for more, status in ((0, 201), (1, 413)):
            r = requests.post(server.url + DOC, files={"file": ("thin.docx", docx(*thin(400, more)))}, timeout=120)
            assert r.status_code == status, r.text
        assert "times" in r.json()["detail"]
        assert requests.get(server.url + "/health", timeout=60).status_code == 200


def test_the_unit_is_hardened():
    """share/sotto.service against systemd's own judgement, where the tool is there."""
    unit = ROOT / "share/sotto.service"
    text = unit.read_text()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "RestrictNamespaces=user net ipc uts mnt",
                 "SystemCallFilter=@system-service ", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes",
                 "UMask=0077"):
        assert line in text, line
    try:
        run = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=25", str(unit)],
                             capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        return  # no systemd here: the lines above are what can be asked for
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr


assert Path(PROGRAM).name
