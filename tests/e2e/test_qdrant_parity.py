"""The store's own tests, the ones that run over SQLite in every build, over Qdrant: with QDRANT_URL
the fixture opens the other back end, and nothing else changes. Against the engine here; against a
real server too when QDRANT_URL is set for this program."""
import os
import subprocess

import pytest

from qdrant_lib import BUILD, Engine

PROGRAMS = ["documents", "ledger", "files", "search", "near", "commitments", "cues", "language",
            "briefing", "tasks", "talk", "people", "threads", "commits", "owned",
            "groups"]
if os.environ.get("SOTTO_BUILD"):  # under a sanitizer, which is slow: what is written and read most
    PROGRAMS = ["documents", "tasks"]


@pytest.fixture(scope="module")
def server():
    live = os.environ.get("QDRANT_URL")
    if live:
        yield {"QDRANT_URL": live}
        return
    e = Engine()
    yield {"QDRANT_URL": e.url}
    unknown = e.unknown()
    e.stop()
    assert unknown == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_answers(server, name):
    run = subprocess.run([BUILD / f"test_store_{name}"], env={**os.environ, **server},
                         capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "[  PASSED  ]" in run.stdout + run.stderr
