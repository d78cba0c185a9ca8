"""Keys of other machines' services, and machines that say them back: in every shape of an error that their protocols
have, in headers, in pages. At the most talkative level no key gets into an answer, a log, a metric or a file."""
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from server import Server

KEYS = {"OPENAI_API_KEY": "sk-llm-0123456789abcdef", "ELEVENLABS_API_KEY": "xi-eleven-0123456789abcdef",
        "SOTTO_SPEECH_KEY": "sk-voice-0123456789abcdef",
        "QDRANT_API_KEY": "qd-0123456789abcdef"}

SHAPES = [lambda k: {"error": {"message": f"bad key {k}", "type": k, "code": k}}, lambda k: {"error": k},
          lambda k: {"detail": {"status": k, "message": f"the key {k} is wrong", "code": k}},
          lambda k: {"detail": [{"loc": ["header", k], "msg": k}]}, lambda k: {"status": {"error": f"key {k}"}},
          lambda k: {"message": k}, lambda k: f"<html>{k}</html>", lambda k: {k: k}]


class Echo:
    """Says every header that may be a key back; each request another status and shape."""

    def __init__(self):
        self.asked, echo = [], self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                key = (self.headers.get("xi-api-key") or self.headers.get("api-key")
                       or self.headers.get("Authorization", "none").removeprefix("Bearer "))
                n = len(echo.asked)
                echo.asked.append((self.path, key))
                body = SHAPES[n % len(SHAPES)](key)
                data = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response((401, 400, 403, 422, 404, 302, 200)[n % 7])
                self.send_header("Content-Type", "application/json" if n % 3 else f"audio/{key}")
                self.send_header("Location", f"http://127.0.0.1:1/{key}")
                self.send_header("WWW-Authenticate", key)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def echo():
    e = Echo()
    yield e
    e.close()


def nowhere(folder, said):
    for key in KEYS.values():
        for text in said:
            assert key not in text, text[:500]
        for root, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(root, name), "rb") as f:
                    assert key.encode() not in f.read(), (name, key)


def test_services_that_say_their_key_back(tmp_path, echo):
    env = {**KEYS, "SOTTO_LOG": "debug", "OPENAI_BASE_URL": echo.url + "/v1", "ELEVENLABS_BASE_URL": echo.url,
           "SOTTO_SPEECH_URL": echo.url + "/v1", "SOTTO_STT_BACKEND": "openai"}
    del env["QDRANT_API_KEY"]
    said = []
    with Server(tmp_path, env=env) as server:
        requests.post(server.url + "/api/v1/knowledge/documents", timeout=60,
                      json={"content": "The garden club has cut every hedge. The hedge of garden 3 is 2 metres high."})
        for i in range(2 * len(SHAPES)):
            said.append(requests.post(server.url + "/api/v1/conversations/messages", timeout=60,
                                      json={"message": f"how high is the hedge of garden {i}?"}).text)
            for voice in ("elevenlabs", "openai"):
                said.append(requests.post(server.url + "/api/v1/voice/synthesize", timeout=60,
                                          json={"text": f"Hello {i}.", "voice": voice}).text)
            said.append(requests.get(server.url + "/api/v1/voice/voices?remote=true", timeout=60).text)
            said.append(requests.post(server.url + "/api/v1/voice/process", json={"audio_data": [0.1, -0.1] * 8000},
                                      timeout=60).text)
        for path in ("/metrics", "/health", "/api/v1/audit", "/api/v1/system/status", "/api/v1/settings"):
            said.append(requests.get(server.url + path, timeout=60).text)
    assert {key for _, key in echo.asked} == {KEYS[k] for k in KEYS if k in env}, set(echo.asked)
    nowhere(tmp_path, said)


def test_a_qdrant_that_says_its_key_back(tmp_path, echo):
    env = {"QDRANT_API_KEY": KEYS["QDRANT_API_KEY"], "QDRANT_URL": echo.url, "SOTTO_LOG": "debug", "SOTTO_STORE": "qdrant"}
    said = []
    for _ in range(4):
        try:
            with Server(tmp_path, env=env) as server:
                for path in ("/health", "/api/v1/tasks", "/api/v1/knowledge/documents", "/metrics"):
                    said.append(requests.get(server.url + path, timeout=60).text)
        except RuntimeError as e:  # it does not start
            said.append(str(e))
    assert {key for _, key in echo.asked} == {KEYS["QDRANT_API_KEY"]}
    nowhere(tmp_path, said)
