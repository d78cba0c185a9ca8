"""An engine on a free loopback port (qdrant_engine.py), and the programs that are driven over it."""
import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from server import PROGRAM, ROOT

BUILD = PROGRAM.resolve().parent.parent  # where the test programs are


class Engine:
    """Killed and started again on the same port it loses what it had: it keeps nothing on disk."""

    def __init__(self, key="", port=0):
        self.key = key
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "tests/e2e/qdrant_engine.py", "--port", str(port), "--key", key],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, headers=()):
        data = None if body is None else json.dumps(body).encode()
        headers = dict(headers) or ({"api-key": self.key} if self.key else {})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return r.status, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def fault(self, method="PUT", path="", kind="500", times=1, **more):
        self.ask("POST", "/_test/fault", {"method": method, "path": path, "kind": kind,
                                          "times": times, **more})

    def calm(self):
        self.ask("POST", "/_test/fault", {})

    def faults(self):
        return json.loads(self.ask("GET", "/_test/fault")[1])

    def unknown(self):
        return json.loads(self.ask("GET", "/_test/unknown")[1])

    def requests(self):
        return json.loads(self.ask("GET", "/_test/requests")[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture
def engine():
    e = Engine()
    yield e
    unknown = e.unknown() if e.process.poll() is None else []
    e.stop()
    assert unknown == [], "requests that Qdrant does not know, or that no test has seen"
