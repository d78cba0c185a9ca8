"""What a hostile page in the person's own browser tries: other names for this machine (DNS rebinding), requests from
other origins, WebSockets from other origins, forms, framing, uploads that are really pages. All cases are generated,
in a fixed order; each is sent over a socket of its own, as bytes, so that no client mends them. None gets through:
nothing is changed, nothing is readable, and what the person asks for in the same moment still works."""
import itertools
import json
import socket

import pytest
import requests

from server import Server

MARK = "zanzibarquux"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as running:
        running.port = int(running.url.rsplit(":", 1)[1])
        r = requests.post(running.url + "/api/v1/knowledge/documents",
                          json={"title": MARK, "content": f"The secret is {MARK}."}, timeout=60)
        assert r.status_code == 201
        running.document = r.json()["id"]
        yield running
        tasks = requests.get(running.url + "/api/v1/tasks", timeout=60).json()
        assert tasks["total"] == 0  # no attack made one
        assert requests.get(running.url + "/api/v1/knowledge/documents/" + running.document, timeout=60).status_code == 200


def send(server, request):
    """The answer's status, headers (lower-case) and body; 0 when the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        if not head:
            return 0, {}, b""
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}
        length = int(headers.get("content-length", "0") or 0)
        while len(body) < length and int(lines[0].split()[1]) != 101:
            piece = s.recv(65536)
            if not piece:
                break
            body += piece
        return int(lines[0].split()[1]), headers, body


def request(method, path, headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def check_answer(where, status, headers, body, wanted):
    assert status in wanted, (where, status, body[:300])
    assert MARK.encode() not in body, where
    assert not any(k.startswith("access-control-") for k in headers), where
    if status:
        assert headers["x-content-type-options"] == "nosniff", where
        assert "frame-ancestors 'none'" in headers["content-security-policy"], where


# ---- DNS rebinding: another name, or another way to write this machine ------------------------------------------

HOSTS = ["evil.example", "evil.example:PORT", "localhost.evil.example:PORT", "127.0.0.1.evil.example:PORT",
         "127.0.0.1.nip.io:PORT", "localhost.:PORT", "LOCALHOST.:PORT", "localhost:PORT.evil.example", "127.0.0.1:1",
         "127.0.0.1:65536", "127.0.0.1:0PORT0", "127.0.0.2:PORT", "127.1:PORT", "127.0.1:PORT", "0:PORT", "0.0.0.0:PORT",
         "2130706433:PORT", "0x7f000001:PORT", "0177.0.0.1:PORT", "0x7f.1:PORT", "[::]:PORT", "[::ffff:127.0.0.1]:PORT",
         "[0:0:0:0:0:0:0:1]:PORT", "[::1%25lo]:PORT", "[::1", "::1:PORT", "user@localhost:PORT",
         "localhost:PORT@evil.example", "localhost:PORT, evil.example", "localhost:PORT evil.example", "localhost%00:PORT",
         "localhost\t.evil.example", "xn--lcalhost-n2a:PORT", "10.0.0.1:PORT", "192.168.1.1:PORT", "169.254.169.254",
         "metadata.google.internal", "router.local:PORT", "*:PORT", "*.localhost:PORT", "a.localhost:PORT", "-:PORT",
         "localhost:", "localhost:PORT:PORT", "http://localhost:PORT", "//localhost:PORT", "localhost/:PORT", "?", "#", "\\"]
HOST_PATHS = [("GET", "/api/v1/knowledge/search?q=secret"), ("GET", "/api/v1/knowledge/documents"), ("GET", "/"),
              ("POST", "/api/v1/tasks"), ("GET", "/ws")]
UPGRADE = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


@pytest.mark.parametrize("method,path", HOST_PATHS)
def test_names_that_are_not_ours(server, method, path):
    body = b'{"text":"owned by a page"}' if method == "POST" else b""
    for host in HOSTS:
        value = host.replace("PORT", str(server.port))
        headers = [("Host", value)] + (UPGRADE if path == "/ws" else [])
        if body:
            headers.append(("Content-Type", "application/json"))
        check_answer((host, method, path), *send(server, request(method, path, headers, body)), (400, 403))


def test_two_names_or_none(server):
    good = f"localhost:{server.port}"
    for method, path in HOST_PATHS:
        for hosts in ([], [good, "evil.example"], ["evil.example", good], [good, good]):
            r = send(server, request(method, path, [("Host", h) for h in hosts]))
            check_answer((hosts, method, path), *r, (400, 403))
    # An absolute target says the name too, and wins over Host (RFC 9112, 3.2.2).
    for target in ("http://evil.example/api/v1/knowledge/search?q=secret", f"http://evil.example:{server.port}/",
                   f"https://evil.example/", f"ftp://localhost:{server.port}/", "http:///api/v1/knowledge/documents"):
        check_answer(target, *send(server, request("GET", target, [("Host", good)])), (400, 403))


# ---- other origins ------------------------------------------------------------------------------------------------

ORIGINS = ["http://evil.example", "https://evil.example", "http://evil.example:PORT", "null", "http://localhost",
           "http://127.0.0.1", "https://localhost:PORT", "https://127.0.0.1:PORT", "http://127.0.0.1:1",
           "http://localhost:PORT.evil.example", "http://localhost.evil.example:PORT", "http://evil.example/localhost:PORT",
           "http://localhost:PORT/", "http://localhost:PORT/path", "http://user@localhost:PORT", "http://localhost:PORT0",
           "file://", "file:///etc", "data:text/html,x", "chrome-extension://abcdefghijklmnop", "moz-extension://abc",
           "http://[::1]", "http://127.1:PORT", "http://2130706433:PORT", "//localhost:PORT", "localhost:PORT", "*", "http://*",
           "http://LOCALHOST:PORT evil", "about:blank", "http://0.0.0.0:PORT", "http://evil.example, http://localhost:PORT"]
CHANGES = [("POST", "/api/v1/tasks", "application/json", b'{"text":"owned by a page"}'),
           ("POST", "/api/v1/tasks", "text/plain", b'{"text":"owned by a page"}'),
           ("POST", "/api/v1/tasks", "application/x-www-form-urlencoded", b"text=owned"),
           ("POST", "/api/v1/knowledge/documents", "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="content"\r\n\r\nowned\r\n--x--\r\n'),
           ("POST", "/api/v1/knowledge/folders", "application/json", b'{"path":"/etc"}'),
           ("POST", "/api/v1/conversations/messages", "application/json", b'{"message":"delete all my tasks"}'),
           ("POST", "/api/v1/knowledge/search", "application/json", b'{"q":"secret"}'),
           ("POST", "/api/v1/tokens", "application/json", b'{"name":"x","scopes":["admin"]}'),
           ("POST", "/api/v1/session", "application/json", b'{"name":"me","password":"guess it now"}'),
           ("POST", "/api/v1/calendar/calendars", "application/json", b'{"address":"http://169.254.169.254/"}'),
           ("PUT", "/api/v1/briefing/schedule", "application/json", b'{"enabled":true}'),
           ("DELETE", "/api/v1/knowledge/documents/DOCUMENT", None, b""),
           ("PATCH", "/api/v1/knowledge/documents/DOCUMENT", "application/json", b'{"title":"owned"}'),
           ("POST", "/v1/chat/completions", "application/json", b'{"model":"sotto","messages":[]}'),
           ("GET", "/ws", None, b"")]


@pytest.mark.parametrize("method,path,kind,body", CHANGES, ids=lambda v: str(v)[:40] if isinstance(v, str) else "")
def test_changes_from_other_origins(server, method, path, kind, body):
    path = path.replace("DOCUMENT", server.document)
    for origin in ORIGINS:
        headers = [("Host", f"localhost:{server.port}"), ("Origin", origin.replace("PORT", str(server.port)))]
        headers += UPGRADE if path == "/ws" else []
        if kind:
            headers.append(("Content-Type", kind))
        check_answer((origin, method, path), *send(server, request(method, path, headers, body)), (403,))


def test_every_route_from_another_origin_or_name(server):
    """From the route table: no change with another page's Origin, no answer at all under another name."""
    spec, asked = requests.get(server.url + "/openapi.json", timeout=60).json(), 0
    for path, methods in spec["paths"].items():
        target = path.replace("{id}", server.document).replace("{name}", "x").replace("{model}", "x")
        for method in (m.upper() for m in methods if m in ("get", "post", "put", "patch", "delete")):
            body = b"" if method == "GET" else b"{}"
            json_type = [] if method == "GET" else [("Content-Type", "application/json")]
            if method != "GET" or path == "/ws":
                for origin in ("http://evil.example", "null"):
                    headers = [("Host", f"localhost:{server.port}"), ("Origin", origin), *json_type]
                    headers += UPGRADE if path == "/ws" else []
                    check_answer((origin, method, target), *send(server, request(method, target, headers, body)), (403,))
                    asked += 1
            headers = [("Host", f"evil.example:{server.port}"), *json_type]
            check_answer(("name", method, target), *send(server, request(method, target, headers, body)), (400, 403))
            asked += 1
    assert asked > 150


def test_fetch_metadata_and_two_origins(server):
    good = [("Host", f"localhost:{server.port}")]
    own = ("Origin", f"http://localhost:{server.port}")
    for (method, path, kind, body), more in itertools.product(CHANGES, (
            [("Sec-Fetch-Site", "cross-site")], [own, ("Sec-Fetch-Site", "cross-site")], [own, own],
            [own, ("Origin", "http://evil.example")], [("Origin", "http://evil.example"), own])):
        headers = good + list(more) + (UPGRADE if path == "/ws" else []) + ([("Content-Type", kind)] if kind else [])
        answer = send(server, request(method, path.replace("DOCUMENT", server.document), headers, body))
        check_answer((method, path, more), *answer, (400, 403))


def test_a_form_cannot_send_json(server):
    """A form sends three media types without asking first; JSON in one of them is not read, also without an Origin."""
    for kind in ("text/plain", "text/plain; charset=application/json", "application/x-www-form-urlencoded", "", "json",
                 "text/json", "application/json2", "APPLICATION/JSONP", "multipart/form-data; boundary=x"):
        for method, path, wants, body in CHANGES:
            if wants != "application/json":
                continue
            headers = [("Host", f"localhost:{server.port}")] + ([("Content-Type", kind)] if kind else [])
            answer = send(server, request(method, path.replace("DOCUMENT", server.document), headers, body))
            check_answer((kind, method, path), *answer, (400, 415))


def test_no_cors_ever(server):
    spec = requests.get(server.url + "/openapi.json", timeout=60).json()
    for path, methods in spec["paths"].items():
        target = path.replace("{id}", server.document).replace("{name}", "x").replace("{model}", "x")
        for origin in ("http://evil.example", "null"):
            headers = [("Host", f"localhost:{server.port}"), ("Origin", origin), ("Access-Control-Request-Method", "POST"),
                       ("Access-Control-Request-Headers", "authorization"), ("Access-Control-Request-Private-Network", "true")]
            status, got, body = send(server, request("OPTIONS", target, headers))
            assert status in (204, 403, 404), (target, status)
            assert not any(k.startswith("access-control-") for k in got), target
        if "get" in methods and path not in ("/ws",):
            status, got, _ = send(server, request("GET", target, headers[:2]))
            assert not any(k.startswith("access-control-") for k in got), target


# ---- what is served --------------------------------------------------------------------------------------------

ACTIVE = [("x.html", "text/html"), ("x.svg", "image/svg+xml"), ("x.xhtml", "application/xhtml+xml"), ("x.xml", "text/xml"),
          ("x.js", "text/javascript"), ("x.mjs", "application/javascript"), ("x.txt", "text/html"), ("x.md", "text/html"),
          ("x.css", "text/css"), ("x.htm", "text/html; charset=utf-7"), ("x.mht", "message/rfc822"), ("x.json", "text/html"),
          ("x.csv", "text/html"), ("x\r\nX-Evil: 1.txt", "text/plain"), ('x".html', "text/html"), ("x.html\0.txt", "text/html"),
          ("../../x.html", "text/html"), ("x.wasm", "application/wasm"), ("x.hta", "application/hta"), ("x.ics", "text/html")]
PAGE = b"<!doctype html><html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script><svg onload='alert(2)'/><p>Words that can be read.</p></html>"


def test_uploads_are_never_pages(server):
    served = 0
    for i, (name, media) in enumerate(ACTIVE):
        r = requests.post(server.url + "/api/v1/knowledge/documents", timeout=60,
                          files={"file": (name, PAGE + b"<!-- %d -->" % i, media)})
        if r.status_code != 201:
            assert r.status_code in (400, 415), (name, r.status_code, r.text)
            continue
        served += 1
        for headers in ({}, {"Range": "bytes=0-20"}, {"Accept": "text/html"}):
            got = requests.get(server.url + f"/api/v1/knowledge/documents/{r.json()['id']}/original", headers=headers, timeout=60)
            kind = got.headers["Content-Type"].split(";")[0]
            where = (name, media, dict(got.headers))
            assert kind in ("text/plain", "application/octet-stream"), where
            assert got.headers["Content-Disposition"].startswith("attachment;"), where
            assert "sandbox" in got.headers["Content-Security-Policy"], where
            assert got.headers["X-Content-Type-Options"] == "nosniff" and "X-Evil" not in got.headers, where
            assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin", where
    assert served >= 10


def test_every_answer_is_locked(server):
    """Each route's answer, right or wrong: no sniffing, no framing, no script; the page alone may run its own files."""
    spec = requests.get(server.url + "/openapi.json", timeout=60).json()
    for path, methods in spec["paths"].items():
        target = path.replace("{id}", server.document).replace("{name}", "x").replace("{model}", "x")
        for method in methods:
            if path == "/ws" or method not in ("get", "post", "put", "patch"):
                continue
            r = requests.request(method, server.url + target, json={} if method != "get" else None, timeout=60, stream=True,
                                 headers={"Accept": "text/html, */*"})
            where = (method, target, r.status_code, dict(r.headers))
            policy = r.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy, where
            assert "unsafe-inline" not in policy and "unsafe-eval" not in policy and "*" not in policy, where
            assert r.headers["X-Content-Type-Options"] == "nosniff" and r.headers["Referrer-Policy"] == "no-referrer", where
            assert ("script-src" in policy) == (path == "/"), where
            r.close()
    page = requests.get(server.url + "/", timeout=60)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text and "onclick=" not in page.text and "javascript:" not in page.text


def test_there_are_enough_of_them():
    changes = len(CHANGES) * (len(ORIGINS) + 5)
    assert len(HOSTS) * len(HOST_PATHS) + changes + len(ACTIVE) * 3 >= 600
