"""The test server against what a Qdrant 1.18.3 server answered (qdrant_shapes.json): the same statuses, the
same members, the same points found, the same words of an error where they matter."""
import json
import random
import re
from pathlib import Path

import pytest

from qdrant_lib import Engine

SOURCE = Path(__file__).resolve().parents[2]
SHAPES = json.loads(Path(__file__).with_name("qdrant_shapes.json").read_text())
# What the back end does not use, and the server does not have.
NOT_HERE = {"cluster", "collection cluster", "hybrid, distribution-based fusion",
            "body that is not JSON", "bad filter"}


def fill(value, rng):
    """Vectors for the marker: the words of two texts are never near."""
    if value == "<384 floats>":
        return [rng.uniform(-1, 1) for _ in range(384)]
    if isinstance(value, dict):
        return {k: fill(v, rng) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, rng) for v in value]
    return value


def members(shape, value, where):
    """Every member of the recorded answer is in ours, of the same type."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        for k, v in shape.items():
            assert k in value, f"{where}.{k} is missing"
            members(v, value[k], f"{where}.{k}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for v in value if shape else []:
            members(shape[0], v, f"{where}[]")
    elif shape == "number":
        assert isinstance(value, (int, float)), where
    elif shape == "string" and not isinstance(value, list):  # a list: a vector, then its marker
        assert isinstance(value, str), where


def test_recorded():
    open_one, locked = Engine(), Engine("test-key")
    rng = random.Random(7)
    try:
        for e in SHAPES:
            if e["name"] in NOT_HERE:
                continue
            keyed = "headers" in e or e["name"] in ("no key where one is set",
                                                    "health needs no key")
            server = locked if keyed else open_one
            status, raw = server.ask(e["method"], e["path"], fill(e.get("body"), rng),
                                     e.get("headers", {"X-None": "1"}))
            assert status == e["status"], f"{e['name']}: {status} {raw[:200]}"
            if "shape" not in e:
                assert raw.decode() == e.get("text", ""), e["name"]
                continue
            body = json.loads(raw)
            if e["name"] == "collection info":
                assert body["result"]["config"]["params"]["vectors"]["dense"]["size"] == 384
                continue
            members(e["shape"], body, e["name"])
            if "count" in e:
                assert body["result"]["count"] == e["count"], e["name"]
            if "scroll" in e["path"] and "ids" in e:
                assert [p["id"] for p in body["result"]["points"]] == e["ids"], e["name"]
            if "ids" in e and "score_threshold" not in e["body"]:
                assert len(body["result"]["points"]) == len(e["ids"]), e["name"]
    finally:
        open_one.stop()
        locked.stop()


def test_what_sotto_sends_is_recorded():
    """Of every kind of request in the back end's source there is an exchange that is replayed."""
    recorded = {(e["method"], "/".join(e["path"].split("?")[0].split("/")[3:])) for e in SHAPES
                if e["name"] not in NOT_HERE and e["path"].startswith("/collections/")}
    source = "".join(p.read_text() for p in (SOURCE / "src/store/qdrant").glob("*.c"))
    sent = re.findall(r'"(PUT|POST|GET|DELETE)", (?:\w+|indexes\[i\]\.knowledge), "/?([^"?]*)', source)
    sent += [("POST", "points/query/batch"), ("GET", ""), ("PUT", "")]  # said another way
    assert len(set(sent)) >= 9
    assert set(sent) <= recorded, set(sent) - recorded


def test_it_is_strict():
    e = Engine()
    try:
        e.ask("PUT", "/collections/c", {"vectors": {"dense": {"size": 4, "distance": "Cosine"}}})
        assert e.ask("POST", "/collections/c/points/scroll", {"limits": 3})[0] == 400
        assert e.ask("GET", "/collections/c/aliases")[0] == 400
        assert len(e.unknown()) == 2
    finally:
        e.stop()


@pytest.mark.parametrize("kind", ["429", "500", "redirect", "refuse", "reset", "truncate"])
def test_faults_are_made(kind):
    e = Engine()
    try:
        e.fault("GET", "/collections", kind)
        try:
            status, raw = e.ask("GET", "/collections")
            broken = status != 200 or not raw.endswith(b"}")
        except Exception:
            broken = True
        assert broken
        assert e.ask("GET", "/collections")[0] == 200
    finally:
        e.stop()
