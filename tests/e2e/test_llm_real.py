"""Answers with llama.cpp's own server (PyPI: xllamacpp) and a model whose weights spell out one sentence."""
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from server import Server

LEASE = "The lease of the flat begins on 1 March 2026. The rent is 1,250 EUR a month, due on the third working day."
SENTENCE = "The rent is 1,250 EUR a month [1]."


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    with open(folder / "log", "wb") as log:
        p = subprocess.Popen([sys.executable, Path(__file__).with_name("tiny_model.py"), folder / "tiny.gguf", SENTENCE],
                             stdout=subprocess.PIPE, stderr=log)
    try:
        while not (line := p.stdout.readline().decode()).startswith("http"):
            assert line, (folder / "log").read_text()[-3000:]
        yield line.strip()
    finally:
        p.kill()
        p.wait()


def test_a_real_server(llama, tmp_path):
    with Server(tmp_path, env={"OPENAI_BASE_URL": llama + "/v1"}) as s:
        requests.post(s.url + "/api/v1/knowledge/documents", json={"title": "Lease", "content": LEASE}, timeout=60)
        for stream in (False, True):
            r = requests.post(s.url + "/api/v1/conversations/messages", timeout=90,
                              json={"message": "How much is the rent of the flat?", "stream": stream})
            assert "The rent is 1,250 EUR a month. [1]" in r.text, r.text
        metrics = requests.get(s.url + "/metrics", timeout=30).text
        assert 'llm_requests_total{outcome="ok"} 2' in metrics and 'llm_tokens_total{kind="prompt"}' in metrics
