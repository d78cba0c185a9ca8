"""Answers with llama.cpp's own server (PyPI: xllamacpp) and a model whose weights spell out one sentence."""
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import requests

from server import Server

LEASE = "The lease of the flat begins on 1 March 2026. The rent is 1,250 EUR a month, due on the third working day."
SENTENCE = "The rent is 1,250 EUR a month [1]."


CALL = '<tool_call>\n{"name": "add_task", "arguments": {"title": "milk", "list": "shopping"}}\n</tool_call>'


@contextmanager
def llama(folder, sentence):
    with open(folder / "log", "wb") as log:
        p = subprocess.Popen([sys.executable, Path(__file__).with_name("tiny_model.py"), folder / "tiny.gguf", sentence],
                             stdout=subprocess.PIPE, stderr=log)
    try:
        while not (line := p.stdout.readline().decode()).startswith("http"):
            assert line, (folder / "log").read_text()[-3000:]
        yield line.strip()
    finally:
        p.kill()
        p.wait()


def test_a_real_server_calls_a_tool(tmp_path):
    with llama(tmp_path, CALL) as url, Server(tmp_path, env={"OPENAI_BASE_URL": url + "/v1"}) as s:
        r = requests.post(s.url + "/api/v1/conversations/messages", timeout=90,
                          json={"message": "we need milk for the shopping and eggs"}).json()
        assert r["response"] == "Added to your shopping: milk." and r["note"] == "understood by tiny.gguf", r
        tasks = requests.get(s.url + "/api/v1/tasks", timeout=30).json()["tasks"]
        assert [(t["title"], t["tags"]) for t in tasks] == [("milk", ["shopping"])]  # though it says the same each time
        assert 'llm_tool_calls_total{tool="add_task",outcome="ok"} 4' in requests.get(s.url + "/metrics", timeout=30).text
        undone = requests.post(s.url + "/api/v1/conversations/messages", timeout=90,
                               json={"message": "undo", "session_id": r["session_id"]}).json()
        assert not requests.get(s.url + "/api/v1/tasks", timeout=30).json()["tasks"], undone


def test_a_real_server(tmp_path):
    with llama(tmp_path, SENTENCE) as url, Server(tmp_path, env={"OPENAI_BASE_URL": url + "/v1"}) as s:
        requests.post(s.url + "/api/v1/knowledge/documents", json={"title": "Lease", "content": LEASE}, timeout=60)
        for stream in (False, True):
            r = requests.post(s.url + "/api/v1/conversations/messages", timeout=90,
                              json={"message": "How much is the rent of the flat?", "stream": stream})
            assert "The rent is 1,250 EUR a month. [1]" in r.text, r.text
        metrics = requests.get(s.url + "/metrics", timeout=30).text
        assert 'llm_requests_total{outcome="ok"} 2' in metrics and 'llm_tokens_total{kind="prompt"}' in metrics
