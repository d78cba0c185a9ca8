"""Questions whose answers stand in the papers, and questions whose do not: the share that is answered rightly.

The folder of samples was looked at while the weights of the formula were chosen, the other papers only for the
threshold; docs/ASSISTANT.md has the figures. `pytest -s test_answers.py` prints what was wrong."""
import json
import urllib.request

import pytest

from server import ROOT, Server

DATA = ROOT / "tests/data/answers"
NOW = {"SOTTO_NOW": "2026-11-23T10:00:00+01:00", "SOTTO_ZONE": "Europe/Berlin"}
# set -> folder, least share of answers that are right, least share of "nothing" that is said rightly
SETS = {"sample": (ROOT / "share/sample", 0.75, 0.9), "papers": (DATA / "papers", 0.85, 0.75),
        "fresh": (DATA / "fresh", 0.77, 0.7), "letters": (DATA / "letters", 0.73, 0.6),
        "more": (DATA / "more", 0.72, 0.66)}


def call(server, path, body):
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def read(server, folder):
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        boundary = "paper"
        body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{path.name}\"\r\n\r\n").encode()
        body += path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        request = urllib.request.Request(server.url + "/api/v1/knowledge/documents", body,
                                         {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        urllib.request.urlopen(request, timeout=60).close()


def check_citations(server, answer):
    for c in answer["citations"]:
        with urllib.request.urlopen(f"{server.url}/api/v1/knowledge/documents/{c['document_id']}") as d:
            assert json.load(d)["content"].encode()[c["start"]:c["end"]].decode() == c["text"]


@pytest.mark.parametrize("name", SETS)
def test_questions(name, tmp_path):
    folder, least_right, least_nothing = SETS[name]
    rows = [line.split("\t") for line in (DATA / "questions.tsv").read_text().splitlines() if not line.startswith("#")]
    right, nothing, asked, unanswerable = 0, 0, 0, 0
    with Server(tmp_path, env=NOW) as server:
        read(server, folder)
        for kind, question, wanted in rows:
            if kind != name:
                continue
            answer = call(server, "/api/v1/conversations/messages", {"message": question})
            said = answer["response"]
            check_citations(server, answer)
            if wanted == "-":
                unanswerable += 1
                good = not answer["citations"]
                nothing += good
            else:
                asked += 1
                good = any(w.lower() in said.lower() for w in wanted.split("|"))
                right += good
            if not good:
                print(f"{question}  wanted {wanted}, said {said!r}")
    print(f"{name}: {right} of {asked} right, nothing said of {nothing} of {unanswerable} that stand nowhere")
    assert right >= least_right * asked and nothing >= least_nothing * unanswerable


def chains(name):
    for paragraph in (DATA / "chains.tsv").read_text().split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line and not line.startswith("#")]
        if lines[0] == f"[{name}]":
            yield [line.split("\t") for line in lines[1:]]


@pytest.mark.parametrize("name, least", [("letters", 0.78), ("sample", 0.6)])
def test_chains(name, least, tmp_path):
    """Questions that only make sense after the ones before, three and four in a conversation."""
    right, asked = 0, 0
    with Server(tmp_path, env=NOW) as server:
        read(server, SETS[name][0])
        for chain in chains(name):
            session = {}
            for question, wanted in chain:
                answer = call(server, "/api/v1/conversations/messages", {"message": question, **session})
                session = {"session_id": answer["session_id"]}
                check_citations(server, answer)
                said = answer["response"]
                good = not answer["citations"] if wanted == "-" else any(w.lower() in said.lower() for w in wanted.split("|"))
                asked += 1
                right += good
                if not good:
                    print(f"{question}  wanted {wanted}, said {said!r}")
    print(f"{name}: {right} of {asked} in conversations right")
    assert right >= least * asked
