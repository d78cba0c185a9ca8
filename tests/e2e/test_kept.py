"""Answers that are given again (src/api/kept.h): never once something was changed, never to somebody else."""
import json
import re
import urllib.error
import urllib.request

import pytest

from server import Server

DOCUMENTS = "/api/v1/knowledge/documents"


def call(server, method, path, body=None):
    request = urllib.request.Request(server.url + path, json.dumps(body).encode() if body is not None else None,
                                     {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


def hits(server):
    with urllib.request.urlopen(server.url + "/metrics", timeout=30) as answer:
        found = re.search(r'cache_requests_total\{cache="answer",outcome="hit"\} (\d+)', answer.read().decode())
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("kept")) as s:
        yield s


def new(server, title, content):
    status, made = call(server, "POST", DOCUMENTS, {"title": title, "content": content})
    assert status == 201
    return f"{DOCUMENTS}/{made['id']}"


def test_given_again(server):
    path = new(server, "The lease", "The lease of the flat ends in May 2031.")
    first, before = call(server, "GET", path), hits(server)
    assert [call(server, "GET", path) for _ in range(3)] == [first] * 3
    assert hits(server) == before + 3


def test_not_after_a_change(server):
    path = new(server, "The piano", "The piano was tuned by Olga.")
    for _ in range(2):
        assert call(server, "GET", path)[1]["title"] == "The piano"
    assert call(server, "PATCH", path, {"title": "The old piano", "tags": ["music"]})[0] == 200
    for _ in range(2):
        assert call(server, "GET", path)[1]["title"] == "The old piano"
    assert call(server, "DELETE", path)[0] == 204
    assert call(server, "GET", path)[0] == 404


def test_not_after_another_document_came_that_is_nearly_the_same(server):
    text = "The insurance of the car is with Mei. It costs 312 euros a year and must be renewed before March. " * 3
    path = new(server, "Insurance", text)
    before = call(server, "GET", path)
    assert call(server, "GET", path) == before
    new(server, "Insurance, copied", text + "Paid.")
    after = call(server, "GET", path)
    assert after != before and "Insurance, copied" in json.dumps(after[1])


def test_nor_when_the_query_is_wrong(server):
    path = new(server, "The garden", "The garden is behind the house.")
    assert call(server, "GET", path)[0] == 200
    assert call(server, "GET", path + "?nonsense=1")[0] == 400
