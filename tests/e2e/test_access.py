"""Who may ask: every route of the contract with every kind of caller, from the route table itself (the document
/openapi.json is made from it); several people, each with their own; tokens, sessions, limits, the audit log."""
import asyncio
import hashlib
import json
import os
import re
import statistics
import subprocess
import time
import uuid
import zipfile

import pytest
import requests
import websockets

from server import PROGRAM, Server

FIRST, ANN, BOB = "me", "ann", "bob"
PASSWORDS = {FIRST: "first of the house 1", ANN: "ann's long password", BOB: "bob's long password"}
MARK = "zanzibarquux"  # stands in everything that Ann has


class Caller:
    def __init__(self, url, token=None, cookie=None):
        self.url, self.headers = url, {}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        if cookie:
            self.headers["Cookie"] = f"sotto_session={cookie}"

    def __call__(self, method, path, body=None, **more):
        headers = {**self.headers, **more.pop("headers", {})}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60, **more)

    def ok(self, method, path, body=None, **more):
        r = self(method, path, body, **more)
        assert r.status_code < 300, (method, path, r.status_code, r.text)
        return r.json() if r.content else None


def sign_in(url, name):
    return Caller(url, cookie=try_to_sign_in(url, name).cookies["sotto_session"])


def try_to_sign_in(url, name):
    for _ in range(10):  # all tests together sign in more often than one person may
        r = requests.post(url + "/api/v1/session", json={"name": name, "password": PASSWORDS[name.lower()]}, timeout=60)
        if r.status_code != 429:
            break
        time.sleep(int(r.headers["Retry-After"]))
    assert r.status_code == 200, r.text
    return r


class House:
    """A server with three people; Ann has one of everything."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        local = Caller(self.url)
        me = local.ok("GET", "/api/v1/session")["person"]["id"]
        local.ok("PUT", f"/api/v1/people/{me}/password", {"password": PASSWORDS[FIRST]})
        self.first = sign_in(self.url, FIRST)
        self.ids = {FIRST: me}
        for name in (ANN, BOB):
            self.ids[name] = self.first.ok("POST", "/api/v1/people", {"name": name, "password": PASSWORDS[name]})["id"]
        self.ann, self.bob = sign_in(self.url, ANN), sign_in(self.url, BOB)
        self.spec = requests.get(self.url + "/openapi.json", timeout=60).json()
        self.things = self.fill(self.ann)

    def fill(self, a):
        t = {}
        doc = a.ok("POST", "/api/v1/knowledge/documents",
                   {"title": f"Lease {MARK}", "content": f"The {MARK} rent is 950 euros. You must return the signed lease "
                    "by 20 December 2026. The deposit is due on 3 January 2027.", "source": f"{MARK}.txt"})
        t["document"] = doc["id"]
        task = a.ok("POST", "/api/v1/tasks", {"text": f"call {MARK} tomorrow at 9"})
        t["task"], t["change"] = task["id"], task["change_id"]
        said = a.ok("POST", "/api/v1/conversations/messages", {"message": f"how much is the {MARK} rent?"})
        t["conversation"] = said["session_id"]
        t["memory"] = a.ok("POST", "/api/v1/memory", {"text": f"my manager is {MARK}"})["id"]
        cal = a.ok("POST", "/api/v1/calendar/calendars", {"name": MARK})
        t["calendar"] = cal["id"]
        t["event"] = a.ok("POST", "/api/v1/calendar/events",
                          {"title": f"Lunch {MARK}", "start": "2031-12-01T12:00:00Z", "end": "2031-12-01T13:00:00Z"})["id"]
        proposals = a.ok("GET", "/api/v1/tasks/proposals")["proposals"]
        t["proposal"] = proposals[0]["id"]
        t["person"] = self.ids[ANN]
        t["token"] = a.ok("POST", "/api/v1/tokens", {"name": MARK, "scopes": ["read"]})["id"]
        a.ok("POST", "/api/v1/tasks", {"kind": "timer", "duration": "1 second", "title": f"eggs {MARK}"})
        a.ok("GET", "/api/v1/briefing/daily")
        for _ in range(100):
            waiting = a.ok("GET", "/api/v1/reminders")["reminders"]
            if waiting:
                break
            time.sleep(0.1)
        t["reminder"] = waiting[0]["reminder"]["id"] if "reminder" in waiting[0] else waiting[0]["id"]
        return t

    def operations(self):
        for path, methods in self.spec["paths"].items():
            for method, op in methods.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    yield method.upper(), path, op

    def body(self, op):
        """A body that is right by the schema, so that nothing is refused before it is known who asks."""
        content = op.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if not schema:
            return None
        out = {}
        for name in schema.get("required", []):
            s = schema["properties"][name]
            kind = s.get("type", "string")
            kind = kind[0] if isinstance(kind, list) else kind
            out[name] = (s["enum"][0] if "enum" in s else {"string": "abcdefgh-" + "x" * max(0, s.get("minLength", 1) - 9),
                         "boolean": False, "integer": int(s.get("minimum", 1)), "number": s.get("minimum", 1),
                         "array": ["read"], "object": {}}.get(kind, "abcdefgh"))
        return out


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--rate-address", "0", "--rate-token", "0") as server:
        yield House(server)


def scopes_of(op):
    """None: for anybody. Else the scopes; 'account' is what no token has."""
    for way in op["security"]:
        if "session" in way:
            return way["session"]
    return None


def plain(path, value="0190a1b2-0000-7000-8000-000000000001"):
    return re.sub(r"\{[^}]*\}", value, path)


# ---- every route, every kind of caller ------------------------------------------------------------------------

def test_every_route_asks(house):
    expired = house.first.ok("POST", "/api/v1/tokens", {"name": "short", "scopes": ["read", "write", "voice", "admin"],
                                                        "expires_in_days": 1e-6})["token"]
    gone = house.first.ok("POST", "/api/v1/tokens", {"name": "gone", "scopes": ["read", "write", "voice", "admin"]})
    assert Caller(house.url, gone["token"])("GET", "/api/v1/tasks").status_code == 200
    house.first.ok("DELETE", f"/api/v1/tokens/{gone['id']}")
    time.sleep(0.3)
    callers = {
        "none": Caller(house.url), "wrong": Caller(house.url, "sotto_" + "0" * 64),
        "no token of ours": Caller(house.url, "sk-0123456789"), "empty": Caller(house.url, "sotto_"),
        "too long": Caller(house.url, "sotto_" + "a" * 4000),
        "expired": Caller(house.url, expired), "revoked": Caller(house.url, gone["token"]),
        "no session": Caller(house.url, cookie="0" * 64), "token as session": Caller(house.url, cookie=expired),
    }
    seen = 0
    for method, path, op in house.operations():
        needs = scopes_of(op)
        for name, caller in callers.items():
            r = caller(method, plain(path), house.body(op))
            seen += 1
            where = (method, path, name, r.status_code, r.text[:300])
            if needs is None:
                assert r.status_code < 500 or path.startswith("/health"), where
                continue
            assert r.status_code == 401, where
            assert "Bearer" in r.headers["WWW-Authenticate"], where
            assert MARK not in r.text and ANN not in r.text, where
    assert seen > 600


def test_every_scope(house):
    """A token with all scopes but one gets 403 where that one is needed; with exactly what is needed it is let in."""
    every = ["read", "write", "voice", "admin", "metrics"]
    tokens = {}
    for left in every:
        scopes = [s for s in every if s != left]
        tokens[left] = Caller(house.url, house.first.ok("POST", "/api/v1/tokens",
                                                        {"name": f"no {left}", "scopes": scopes})["token"])
    checked = 0
    for method, path, op in house.operations():
        needs = scopes_of(op)
        if needs is None:
            continue
        for left in needs:
            if left == "account":
                r = tokens["metrics"](method, plain(path), house.body(op))
            else:
                r = tokens[left](method, plain(path), house.body(op))
            assert r.status_code == 403, (method, path, left, r.status_code, r.text[:300])
            checked += 1
        if needs == ["read"] and method == "GET":  # the others would change something
            only = Caller(house.url, house.first.ok("POST", "/api/v1/tokens", {"name": "only", "scopes": needs})["token"])
            r = only(method, plain(path))
            assert r.status_code not in (401, 403), (method, path, r.status_code, r.text[:300])
            listed = [t for t in house.first.ok("GET", "/api/v1/tokens")["tokens"] if t["name"] == "only"]
            house.first.ok("DELETE", f"/api/v1/tokens/{listed[0]['id']}")
    assert checked > 90


def test_what_is_anothers_does_not_exist(house):
    """Every route with an id, with every id that Ann has: for Bob exactly as an id that nobody has."""
    absent = str(uuid.uuid4())
    tried = 0
    for method, path, op in house.operations():
        if "{id}" not in path or scopes_of(op) is None:
            continue
        body = {"for": "1 hour"} if path.endswith("/snooze") else house.body(op)
        def ask(caller, value):
            p = path.replace("{id}", value)
            if path == "/api/v1/people/{id}" and method == "DELETE":
                p += f"?confirm={ANN}"
            return caller(method, p, body)
        for kind, value in house.things.items():
            mine, none = ask(house.bob, value), ask(house.bob, absent)
            tried += 1
            where = (method, path, kind, mine.status_code, mine.text[:300])
            assert mine.status_code in (403, 404), where
            assert mine.status_code == none.status_code, where
            assert strip(mine, value) == strip(none, absent), where
            assert MARK not in mine.text, where
    assert tried > 200
    for kind, path in {"document": "/api/v1/knowledge/documents/", "task": "/api/v1/tasks/",
                       "conversation": "/api/v1/conversations/", "memory": "/api/v1/memory/",
                       "event": "/api/v1/calendar/events/"}.items():
        assert house.ann("GET", path + house.things[kind]).status_code == 200, kind  # and all of it is there still
    assert house.ann.ok("POST", "/api/v1/tasks/undo", {"change_id": house.things["change"]})
    assert house.ann.ok("POST", "/api/v1/tasks/undo")


def strip(r, value):
    """An answer without what differs anyway: the id, the path, the request's number."""
    try:
        j = r.json()
    except ValueError:
        return r.text
    j.pop("request_id", None)
    j.pop("instance", None)
    return json.dumps(j, sort_keys=True).replace(value, "ID")


def test_lists_are_ones_own(house):
    """Every GET without an id, and what answers by searching or talking: nothing of Ann's reaches the others."""
    document, conversation = house.things["document"], house.things["conversation"]
    for who in (house.bob, house.first):
        for method, path, op in house.operations():
            if method != "GET" or "{" in path or path in ("/ws", "/metrics", "/openapi.json"):
                continue
            query = "?q=" + MARK if any(p["name"] == "q" for p in op.get("parameters", [])) else ""
            if path == "/api/v1/audit" and who is house.first:
                continue  # who looks after the others sees what was done and to which id, not what was in it
            if path == "/api/v1/system/backup":
                if who is house.first:
                    continue  # who looks after the machine can copy its file: all that is in it
                assert who(method, path).status_code == 403
            r = who(method, path + query)
            where = (path, r.status_code, r.text[:500])
            assert r.status_code < 500, where
            body = r.text.replace(MARK, "", 1) if path == "/api/v1/knowledge/search" and '"query"' in r.text else r.text
            assert MARK not in body and document not in body and conversation not in body, where
        found = who.ok("POST", "/api/v1/knowledge/search", {"q": f"{MARK} rent", "threshold": -1})
        assert found["total"] == 0
        said = who.ok("POST", "/api/v1/conversations/messages", {"message": "who is my manager?"})
        assert MARK not in json.dumps(said)
        said = who.ok("POST", "/api/v1/conversations/messages", {"message": "how much is the rent?"})
        assert MARK not in json.dumps(said) and not said["citations"]
        assert who("POST", "/api/v1/conversations/messages",
                   {"message": "and then?", "session_id": conversation}).status_code == 404
        assert who("POST", "/api/v1/tasks/undo", {"change_id": house.things["change"]}).status_code == 404
    assert house.ann.ok("POST", "/api/v1/knowledge/search", {"q": f"{MARK} rent"})["total"] == 1


def test_same_bytes_twice(house):
    """What one has, another adds as if nobody had it: no hint that it was there."""
    same = {"title": "Same", "content": "Exactly the same bytes for both."}
    a, b = house.ann("POST", "/api/v1/knowledge/documents", same), house.bob("POST", "/api/v1/knowledge/documents", same)
    assert (a.status_code, b.status_code) == (201, 201) and a.json()["id"] != b.json()["id"]
    assert not b.json().get("near_duplicates")
    house.bob.ok("DELETE", "/api/v1/knowledge/documents/" + b.json()["id"])
    assert house.ann("GET", "/api/v1/knowledge/documents/" + a.json()["id"]).status_code == 200


def test_files_of_the_machine_need_admin(house, tmp_path):
    (tmp_path / "secret.txt").write_text("root of all passwords")
    r = house.bob("POST", "/api/v1/knowledge/folders", {"path": str(tmp_path)})
    assert r.status_code == 403
    house.bob.ok("POST", "/api/v1/knowledge/ledger", {"source": str(tmp_path / "secret.txt"), "reason": "try me"})
    retried = house.bob.ok("POST", "/api/v1/knowledge/ledger/retry", {})
    assert retried == {"retried": 0, "not_possible": 1}
    r = house.bob("POST", "/api/v1/calendar/calendars", {"address": house.url + "/x.ics", "private_network": True})
    assert r.status_code == 403


# ---- tokens and sessions --------------------------------------------------------------------------------------

def test_a_token_cannot_make_another(house):
    t = house.first.ok("POST", "/api/v1/tokens", {"name": "all", "scopes": ["read", "write", "voice", "admin", "metrics"]})
    caller = Caller(house.url, t["token"])
    assert caller("POST", "/api/v1/tokens", {"name": "more", "scopes": ["read"]}).status_code == 403
    assert caller("PUT", f"/api/v1/people/{house.ids[FIRST]}/password", {"password": "taken over 1"}).status_code == 403
    assert house.bob("POST", "/api/v1/tokens", {"name": "up", "scopes": ["admin"]}).status_code == 403
    assert house.bob("POST", "/api/v1/tokens", {"name": "his", "scopes": ["read"],
                                                "person": house.ids[ANN]}).status_code == 403
    assert house.bob("GET", f"/api/v1/tokens?person={house.ids[ANN]}").status_code == 403
    assert house.bob("GET", "/api/v1/tokens?everybody=true").status_code == 403
    assert re.fullmatch(r"sotto_[0-9a-f]{64}", t["token"])
    listed = house.first("GET", "/api/v1/tokens").text
    assert t["token"] not in listed and t["token"][6:] not in listed


def test_last_use_is_known(house):
    t = house.bob.ok("POST", "/api/v1/tokens", {"name": "used", "scopes": ["read"]})
    def used():
        return [x["last_used_at"] for x in house.bob.ok("GET", "/api/v1/tokens")["tokens"] if x["id"] == t["id"]][0]
    assert used() is None
    Caller(house.url, t["token"]).ok("GET", "/api/v1/tasks")
    assert used() is not None


def test_revoking_closes_websockets_at_once(house):
    address = house.url.replace("http", "ws") + "/ws"

    async def run():
        token = house.bob.ok("POST", "/api/v1/tokens", {"name": "live", "scopes": ["read", "write"]})
        session = sign_in(house.url, BOB)
        by_token = await websockets.connect(address, additional_headers={"Authorization": "Bearer " + token["token"]})
        by_cookie = await websockets.connect(address, additional_headers=session.headers)
        stays = await websockets.connect(address, additional_headers=house.ann.headers)
        for one in (by_token, by_cookie, stays):
            await one.send(json.dumps({"type": "Subscribe", "data": {"topics": ["tasks"]}}))
        began = time.monotonic()
        house.bob.ok("DELETE", f"/api/v1/tokens/{token['id']}")
        session.ok("DELETE", "/api/v1/session")
        for one in (by_token, by_cookie):
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(one.recv(), 5)
            assert one.close_code == 1008
        assert time.monotonic() - began < 1.0
        await stays.send(json.dumps({"type": "TextQuery", "data": {"query": "what is due?"}}))
        assert json.loads(await asyncio.wait_for(stays.recv(), 10))["type"] == "TextResponse"
        await stays.close()
        for headers in ({}, {"Authorization": "Bearer " + token["token"]}, session.headers):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(address, additional_headers=headers)
            assert refused.value.response.status_code == 401
    asyncio.run(run())


def test_an_expired_token_closes_its_websocket(house):
    async def run():
        token = house.bob.ok("POST", "/api/v1/tokens", {"name": "soon", "scopes": ["read"], "expires_in_days": 2 / 86400})
        ws = await websockets.connect(house.url.replace("http", "ws") + "/ws",
                                      additional_headers={"Authorization": "Bearer " + token["token"]})
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(ws.recv(), 15)
        assert ws.close_code == 1008
        assert Caller(house.url, token["token"])("GET", "/api/v1/tasks").status_code == 401
    asyncio.run(run())


def test_every_message_asks_for_its_scopes(house):
    """Each message that the WebSocket knows (by its own list) by tokens of every set of scopes: refused where one is
    missing, and then nothing is done."""
    needs = {"TextQuery": {"read", "write"}, "VoiceInput": {"voice"}, "VoiceStart": {"voice"}, "VoiceEnd": {"voice"}}
    says = {"TextQuery": {"query": "remind me to water the ferns tomorrow"}, "Subscribe": {"topics": ["tasks"]},
            "Unsubscribe": {"topics": ["tasks"]}, "VoiceInput": {"audio_data": [0] * 1600}}

    def token(scopes):
        owner = house.first if {"admin", "metrics"} & set(scopes) else house.bob
        made = owner.ok("POST", "/api/v1/tokens", {"name": "by message", "scopes": scopes})
        return {"Authorization": "Bearer " + made["token"]}

    async def ask(ws, kind, data):
        await ws.send(json.dumps({"type": kind, "data": data}))
        codes = set()
        for end in (1, 2):  # a refusal comes behind the first Pong, before the second
            await ws.send(json.dumps({"type": "Ping", "data": {"end": end}}))
            while True:
                m = json.loads(await asyncio.wait_for(ws.recv(), 60))
                if m["type"] == "Error":
                    codes.add(m["data"]["code"])
                if m["type"] == "Pong" and m["data"].get("end") == end:
                    break
        return codes

    async def run():
        address = house.url.replace("http", "ws") + "/ws"
        tried = 0
        for scopes in (["read"], ["read", "write"], ["read", "voice"], ["read", "admin"], ["read", "write", "voice"]):
            async with websockets.connect(address, additional_headers=token(scopes)) as ws:
                await ws.send(json.dumps({"type": "?", "data": {}}))
                known = json.loads(await ws.recv())["data"]["message"].split("there are ")[1].split(", ")
                assert set(needs) | set(says) <= set(known) and len(known) >= 8
                for kind in known:
                    missing = needs.get(kind, {"read"}) - set(scopes)
                    codes = await ask(ws, kind, says.get(kind, {}))
                    assert ("FORBIDDEN" in codes) == bool(missing), (scopes, kind, codes)
                    tried += 1
                if "voice" not in scopes:
                    await ws.send(b"\0\0" * 160)  # sound, without the start that was refused
                    assert json.loads(await asyncio.wait_for(ws.recv(), 60))["type"] in ("Error", "TextResponse")
        for scopes in (["write"], ["voice"], ["metrics"]):  # the handshake itself asks for reading
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(address, additional_headers=token(scopes))
            assert refused.value.response.status_code == 403
        assert tried >= 40

    def ferns(caller):
        return [t for t in caller.ok("GET", "/api/v1/tasks?limit=200")["tasks"] if "ferns" in t["title"]]
    asyncio.run(run())
    for _ in range(100):
        if len(ferns(house.bob)) == 2:
            break
        time.sleep(0.1)
    assert len(ferns(house.bob)) == 2 and not ferns(house.first)  # of the two sets that may


def test_notices_go_to_their_person_only(house):
    async def run():
        address = house.url.replace("http", "ws") + "/ws"
        ann = await websockets.connect(address, additional_headers=house.ann.headers)
        bob = await websockets.connect(address, additional_headers=house.bob.headers)
        topics = {"type": "Subscribe", "data": {"topics": ["documents", "tasks", "reminders", "briefing", "folders"]}}
        for one in (ann, bob):
            await one.send(json.dumps(topics))
            await one.send(json.dumps({"type": "TextQuery", "data": {"query": "hello"}}))
            while json.loads(await asyncio.wait_for(one.recv(), 20))["type"] != "TextResponse":
                pass  # reminders that wait come first
        doc = house.ann.ok("POST", "/api/v1/knowledge/documents", {"title": "Notice", "content": f"A notice {MARK}."})
        task = house.ann.ok("POST", "/api/v1/tasks", {"kind": "timer", "duration": "1 second", "title": MARK})
        seen = set()
        while not {"DocumentUpdate", "TaskUpdate", "Reminder"} <= seen:
            frame = json.loads(await asyncio.wait_for(ann.recv(), 20))
            seen.add(frame["type"])
        house.bob.ok("POST", "/api/v1/tasks", {"text": "my own task"})
        frames = []
        while not any("my own task" in f for f in frames):
            frames.append(await asyncio.wait_for(bob.recv(), 20))
        assert not any(MARK in f or doc["id"] in f or task["id"] in f for f in frames), frames
        await ann.close()
        await bob.close()
    asyncio.run(run())


def test_websocket_messages_need_scopes(house):
    async def run():
        token = house.bob.ok("POST", "/api/v1/tokens", {"name": "reads", "scopes": ["read"]})["token"]
        ws = await websockets.connect(house.url.replace("http", "ws") + "/ws",
                                      additional_headers={"Authorization": "Bearer " + token})
        for message in ({"type": "TextQuery", "data": {"query": "delete all tasks"}},
                        {"type": "VoiceInput", "data": {"audio_data": [0.0] * 160}},
                        {"type": "VoiceStart", "data": {"rate": 16000, "format": "s16le"}}):
            await ws.send(json.dumps(message))
            answer = json.loads(await asyncio.wait_for(ws.recv(), 10))
            assert answer["type"] == "Error" and answer["data"]["code"] == "FORBIDDEN", answer
        await ws.close()
    asyncio.run(run())


def test_cookie_and_session(house):
    r = try_to_sign_in(house.url, "BOB")  # names are the same in either case
    cookie = r.headers["Set-Cookie"]
    assert re.fullmatch(r"sotto_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=\d+", cookie), cookie
    bob = Caller(house.url, cookie=r.cookies["sotto_session"])
    who = bob.ok("GET", "/api/v1/session")
    assert who["person"]["name"] == BOB and who["kind"] == "session" and who["must_sign_in"]
    assert bob("POST", "/api/v1/tasks", {"text": "x"}, headers={"Origin": "http://evil.example"}).status_code == 403
    out = bob("DELETE", "/api/v1/session")
    assert out.status_code == 204 and "Max-Age=0" in out.headers["Set-Cookie"]
    assert bob("GET", "/api/v1/tasks").status_code == 401
    assert bob.ok("GET", "/api/v1/session")["signed_in"] is False


def test_changing_a_password_ends_sessions(house):
    one, two = sign_in(house.url, BOB), sign_in(house.url, BOB)
    path = f"/api/v1/people/{house.ids[BOB]}/password"
    assert one("PUT", path, {"password": "another long one"}).status_code == 403  # without the old one
    assert one("PUT", path, {"password": "another long one", "old_password": "wrong"}).status_code == 403
    assert one("PUT", path, {"password": "short", "old_password": PASSWORDS[BOB]}).status_code == 400
    assert one("PUT", path, {"password": "another long one", "old_password": PASSWORDS[BOB]}).status_code == 204
    assert one("GET", "/api/v1/tasks").status_code == 200 and two("GET", "/api/v1/tasks").status_code == 401
    assert one("PUT", path, {"password": PASSWORDS[BOB], "old_password": "another long one"}).status_code == 204
    house.bob = one


# ---- the audit log, and secrets --------------------------------------------------------------------------------

def test_audit(house):
    task = house.bob.ok("POST", "/api/v1/tasks", {"text": "for the audit"})
    house.bob.ok("DELETE", "/api/v1/tasks/" + task["id"])
    Caller(house.url)("GET", "/api/v1/memory")
    lines = house.first.ok("GET", "/api/v1/audit?limit=20")["entries"]
    deleted = [x for x in lines if x["object"] == "/api/v1/tasks/" + task["id"]]
    assert deleted and deleted[0]["who"] == BOB and deleted[0]["status"] == 204
    assert deleted[0]["via"] == "session" and deleted[0]["address"] == "127.0.0.1"
    assert deleted[0]["action"] == "DELETE /api/v1/tasks/{id}"
    assert any(x["status"] == 401 and x["object"] == "/api/v1/memory" and x["person"] is None for x in lines)
    assert house.bob("GET", "/api/v1/audit").status_code == 403
    page = house.first.ok("GET", "/api/v1/audit?limit=2")
    rest = house.first.ok("GET", f"/api/v1/audit?limit=2&before={page['next']}")
    assert max(x["no"] for x in rest["entries"]) < min(x["no"] for x in page["entries"])
    mine = house.first.ok("GET", f"/api/v1/audit?person={house.ids[BOB]}")["entries"]
    assert mine and {x["who"] for x in mine} == {BOB}


def test_what_an_admin_does_is_noted(house):
    """One line for each act, also for what takes everything away by reading it, and for the refused."""
    first, carl = house.first, None
    try:
        carl = first.ok("POST", "/api/v1/people", {"name": "carl", "password": "carls own words"})["id"]
        first.ok("PUT", f"/api/v1/people/{carl}/password", {"password": "carls new words"})
        token = first.ok("POST", "/api/v1/tokens", {"name": "t", "scopes": ["read"], "person": carl})["id"]
        first.ok("DELETE", f"/api/v1/tokens/{token}")
        assert first("PATCH", "/api/v1/settings", {"changes": {"no such": "x"}}).status_code == 400
        assert first("GET", "/api/v1/system/backup").status_code == 200
        assert first("GET", "/api/v1/export").status_code == 200
        assert house.bob("GET", "/api/v1/system/backup").status_code == 403
    finally:
        first("DELETE", f"/api/v1/people/{carl}?confirm=carl")
    lines = first.ok("GET", "/api/v1/audit?limit=60")["entries"]
    noted = {(x["who"], x["action"], x["object"], x["status"]) for x in lines}
    for who, action, path, status in (
            (FIRST, "POST /api/v1/people", "/api/v1/people", 201),
            (FIRST, "PUT /api/v1/people/{id}/password", f"/api/v1/people/{carl}/password", 204),
            (FIRST, "POST /api/v1/tokens", "/api/v1/tokens", 201),
            (FIRST, "DELETE /api/v1/tokens/{id}", f"/api/v1/tokens/{token}", 204),
            (FIRST, "PATCH /api/v1/settings", "/api/v1/settings", 400),
            (FIRST, "GET /api/v1/system/backup", "/api/v1/system/backup", 200),
            (FIRST, "GET /api/v1/export", "/api/v1/export", 200),
            (FIRST, "DELETE /api/v1/people/{id}", f"/api/v1/people/{carl}", 204)):
        assert (who, action, path, status) in noted, (action, sorted(noted))
    assert any(x["status"] == 403 and x["object"] == "/api/v1/system/backup" and x["who"] == BOB for x in lines)


def test_removing_a_person(tmp_path):
    with Server(tmp_path, "--rate-address", "0") as server:
        house = House(server)
        backup_of = subprocess.run([PROGRAM, "people", "list", "--json"], env=server.environment(), capture_output=True)
        assert {p["name"] for p in json.loads(backup_of.stdout)["people"]} == {FIRST, ANN, BOB}
        path = f"/api/v1/people/{house.ids[ANN]}"
        assert house.first("DELETE", path).status_code == 400
        assert house.first("DELETE", path + "?confirm=bob").status_code == 400
        assert house.bob("DELETE", path + "?confirm=ann").status_code == 403
        assert house.first("DELETE", path + "?confirm=ann").status_code == 204
        assert house.ann("GET", "/api/v1/tasks").status_code == 401
        assert requests.post(server.url + "/api/v1/session", json={"name": ANN, "password": PASSWORDS[ANN]},
                             timeout=60).status_code == 401
        assert house.first("DELETE", f"/api/v1/people/{house.ids[FIRST]}?confirm=me").status_code == 409
        house.bob.ok("POST", "/api/v1/tasks", {"text": "life goes on"})
        assert house.ids[ANN] not in os.listdir(tmp_path / "cache")
    for name in os.listdir(tmp_path):
        if os.path.isfile(tmp_path / name):
            assert MARK.encode() not in (tmp_path / name).read_bytes(), name
    assert house.ids[ANN] not in os.listdir(tmp_path / "cache")
    check = subprocess.run([PROGRAM, "doctor"], env=server.environment(), capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr
    with Server(tmp_path) as server:  # after a new start too
        assert sign_in(server.url, BOB).ok("GET", "/api/v1/tasks")["total"] == 1


OWN = "zanzibar cinnamon ledger"


def test_deleting_oneself(tmp_path):
    """Whoever is no admin may too; a session says its password again, a token may not at all."""
    with Server(tmp_path, "--rate-address", "0") as server:
        house = House(server)
        token = house.ann.ok("POST", "/api/v1/tokens", {"name": "t", "scopes": ["read", "write"]})["token"]
        body = {"confirm": ANN, "password": PASSWORDS[ANN]}
        assert Caller(server.url, token)("DELETE", "/api/v1/account", body).status_code == 403
        assert house.ann("DELETE", "/api/v1/account", {"confirm": BOB, "password": PASSWORDS[ANN]}).status_code == 400
        assert house.ann("DELETE", "/api/v1/account", {"confirm": ANN}).status_code == 403
        assert house.ann("DELETE", "/api/v1/account", {"confirm": ANN, "password": "wrong one"}).status_code == 403
        assert house.ann.ok("GET", "/api/v1/tasks")["total"] > 0
        assert house.ann("DELETE", "/api/v1/account", body).status_code == 204
        assert house.ann("GET", "/api/v1/tasks").status_code == 401
        assert Caller(server.url, token)("GET", "/api/v1/tasks").status_code == 401
        assert {p["name"] for p in house.first.ok("GET", "/api/v1/people")["people"]} == {FIRST, BOB}
        house.bob.ok("POST", "/api/v1/tasks", {"text": "life goes on"})
    for name in os.listdir(tmp_path):
        if os.path.isfile(tmp_path / name):
            assert MARK.encode() not in (tmp_path / name).read_bytes(), name


def own_something(caller, folder):
    folder.mkdir()
    (folder / "note.txt").write_text(f"The {OWN} lies in the attic.\n")
    caller.ok("POST", "/api/v1/knowledge/documents", {"title": OWN, "content": f"About the {OWN}: it is kept."})
    caller.ok("POST", "/api/v1/tasks", {"text": f"find the {OWN} tomorrow at nine"})
    caller.ok("POST", "/api/v1/memory", {"text": f"my book is the {OWN}"})
    caller.ok("POST", "/api/v1/conversations/messages", {"message": f"where is the {OWN}?"})
    caller.ok("POST", "/api/v1/knowledge/folders", {"path": str(folder)})
    deadline = time.monotonic() + 60
    while caller.ok("GET", "/api/v1/knowledge/documents")["total"] < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert caller.ok("GET", "/api/v1/knowledge/documents")["total"] == 2


def owns(caller):
    return {path: caller.ok("GET", f"/api/v1/{path}")["total"] for path in
            ("knowledge/documents", "tasks", "conversations", "memory", "knowledge/ledger")}


def test_the_first_deletes_what_they_own(tmp_path):
    """Nothing of it is left, in memory or in the file; the others keep theirs, and the program goes on."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    with Server(data, "--rate-address", "0") as server:
        house = House(server)
        own_something(house.first, tmp_path / "watched")
        anns = owns(house.ann)
        assert house.first("DELETE", "/api/v1/account", {"confirm": FIRST}).status_code == 403
        assert house.first("DELETE", "/api/v1/account", {"confirm": FIRST, "password": PASSWORDS[FIRST]}).status_code == 204
        deadline = time.monotonic() + 60
        while True:  # it begins anew meanwhile, on the same address
            try:
                if not any(owns(house.first).values()):
                    break
            except requests.ConnectionError:
                pass
            assert time.monotonic() < deadline, owns(house.first)
            time.sleep(0.1)
        assert house.first.ok("GET", "/api/v1/knowledge/folders")["folders"] == []
        found = house.first.ok("GET", "/api/v1/knowledge/search?q=zanzibar+cinnamon&threshold=0")
        assert found["documents"] == []
        assert owns(house.ann) == anns
        house.first.ok("POST", "/api/v1/tasks", {"text": "begin again"})
        assert house.first.ok("GET", "/api/v1/tasks")["total"] == 1
    for name in os.listdir(data):
        if os.path.isfile(data / name) and not name.startswith("server.log"):
            assert OWN.encode() not in (data / name).read_bytes(), name
    check = subprocess.run([PROGRAM, "doctor"], env=server.environment(), capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_command_line_deletes_what_the_first_owns(tmp_path):
    with Server(tmp_path) as server:
        Caller(server.url).ok("POST", "/api/v1/tasks", {"text": f"find the {OWN}"})
        name = Caller(server.url).ok("GET", "/api/v1/session")["person"]["name"]
    tell = [PROGRAM, "people", "remove", name, "--delete-data", "--yes"]
    said = subprocess.run(tell, env=server.environment(), capture_output=True, text=True, timeout=60)
    assert said.returncode == 0 and "deleted all" in said.stdout, said
    assert OWN.encode() not in (tmp_path / "sotto.db").read_bytes()
    with Server(tmp_path) as server:
        assert Caller(server.url).ok("GET", "/api/v1/tasks")["total"] == 0


def test_no_secret_is_ever_written(tmp_path):
    """Known secrets through every way in, right and wrong; then everything that was written is searched for them."""
    with Server(tmp_path, env={"SOTTO_LOG": "debug"}) as server:
        house = House(server)
        token = house.first.ok("POST", "/api/v1/tokens", {"name": "secret", "scopes": ["read", "metrics", "admin"]})["token"]
        wrong = "sotto_" + "ab12" * 16
        answers = []
        for t in (token, wrong):
            for path in ("/api/v1/tasks", "/api/v1/nothing", f"/api/v1/tasks?token={t}", f"/api/v1/tasks/{'x' * 40}", "/metrics"):
                answers.append(Caller(server.url, t)("GET", path))
        for password in (PASSWORDS[BOB] + "!", "wrongpassword99"):
            answers.append(requests.post(server.url + "/api/v1/session", json={"name": BOB, "password": password}, timeout=60))
        answers.append(requests.post(server.url + "/api/v1/session", json={"name": BOB, "passwort": "wrongpassword99"}, timeout=60))
        metrics = Caller(server.url, token).ok  # noqa: F841
        answers.append(Caller(server.url, token)("GET", "/metrics"))
        answers.append(house.first("GET", "/api/v1/audit?limit=500"))
        cookie = house.bob.headers["Cookie"].split("=")[1]
    secrets = [*PASSWORDS.values(), PASSWORDS[BOB] + "!", "wrongpassword99", token, token[6:], wrong[6:], cookie]
    for r in answers:
        for secret in secrets:
            if f"token={secret}" not in r.url:  # what was sent in the address is not said again either
                assert secret not in r.text, (r.url, r.text[:300])
            else:
                assert secret not in r.text
    for root, _, names in os.walk(tmp_path):
        for name in names:
            data = open(os.path.join(root, name), "rb").read()
            for secret in secrets:
                assert secret.encode() not in data, (name, secret)


# ---- how often -------------------------------------------------------------------------------------------------

def worked(server):
    """Seconds of a processor that the server has used: what a loaded machine does not change."""
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_signing_in_is_limited(tmp_path):
    with Server(tmp_path) as server:
        local = Caller(server.url)
        me = local.ok("GET", "/api/v1/session")["person"]["id"]
        local.ok("PUT", f"/api/v1/people/{me}/password", {"password": PASSWORDS[FIRST]})
        took, codes, start = {"known": [], "unknown": []}, [], time.monotonic()
        i = 0
        while 429 not in codes and i < 100:  # on a slow machine tries come back meanwhile
            name = FIRST if i % 2 else f"nobody{i}"
            began = worked(server)
            r = requests.post(server.url + "/api/v1/session", json={"name": name, "password": "wrong password"}, timeout=60)
            codes.append(r.status_code)
            if r.status_code == 401:
                took["known" if i % 2 else "unknown"].append(worked(server) - began)
            i += 1
        spent = time.monotonic() - start
        assert codes[:10] == [401] * 10 and codes[-1] == 429, codes
        assert len(codes) <= 10 + spent / 6 + 2, (codes, spent)  # ten at once, then one in six seconds
        assert 1 <= int(r.headers["Retry-After"]) <= 12
        known, unknown = statistics.median(took["known"]), statistics.median(took["unknown"])
        assert 0.4 < known / unknown < 2.5, took  # the same work for a name that nobody has


def test_requests_are_limited(tmp_path):
    with Server(tmp_path, "--rate-address", "5", "--rate-token", "2", "--login", "always") as server:
        env = server.environment()
        made = subprocess.run([PROGRAM, "token", "create", "t", "--scope", "read"], env=env, capture_output=True, text=True)
        caller = Caller(server.url, made.stdout.strip())
        codes = []
        while 429 not in codes and len(codes) < 60:
            r = caller("GET", "/api/v1/tasks")
            codes.append(r.status_code)
        assert 20 <= len(codes) <= 30 and set(codes[:-1]) == {200}, codes  # 2 a second, 20 at once
        assert r.json()["code"] == "RATE_LIMITED" and int(r.headers["Retry-After"]) >= 1
        wait = int(r.headers["Retry-After"])
        time.sleep(wait)
        assert caller("GET", "/api/v1/tasks").status_code == 200
        codes = [Caller(server.url, "sotto_" + "0" * 64)("GET", "/api/v1/tasks").status_code for _ in range(8)]
        assert codes[0] == 401 and codes[-1] == 429, codes  # guessing costs ten times as much
        assert Caller(server.url)("GET", "/api/v1/tasks").status_code == 429
        listed = subprocess.run([PROGRAM, "token", "list"], env=env, capture_output=True, text=True)
        assert listed.returncode in (0, 4), listed.stderr


def test_one_alone_at_home_is_not_asked(tmp_path):
    with Server(tmp_path) as server:
        here = Caller(server.url)
        assert here.ok("GET", "/api/v1/session")["kind"] == "local"
        assert here("GET", "/api/v1/tasks").status_code == 200
        assert here("GET", "/metrics").status_code == 200
        assert Caller(server.url, "any-key-of-openai")("GET", "/v1/models").status_code == 200
        assert Caller(server.url, "sotto_" + "1" * 64)("GET", "/v1/models").status_code == 401
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):  # a proxy speaks for somebody else
            assert here("GET", "/api/v1/tasks", headers={header: "203.0.113.5"}).status_code == 401
        address = server.url.replace("http", "ws") + "/ws"

        async def run():
            ws = await websockets.connect(address)
            me = here.ok("GET", "/api/v1/session")["person"]["id"]
            here.ok("PUT", f"/api/v1/people/{me}/password", {"password": PASSWORDS[FIRST]})
            with pytest.raises(websockets.ConnectionClosed):  # the door is shut, for who was inside too
                await asyncio.wait_for(ws.recv(), 5)
        asyncio.run(run())
        assert here("GET", "/api/v1/tasks").status_code == 401
        listed = subprocess.run([PROGRAM, "task", "list"], env=server.environment(), capture_output=True, text=True)
        assert listed.returncode == 0, listed.stderr  # the command line reads the key in the data folder
        key = tmp_path / "sotto.key"
        assert key.stat().st_mode & 0o777 == 0o600
    assert not key.exists()


def test_names_of_other_hosts_must_sign_in(tmp_path):
    with Server(tmp_path, "--allowed-hosts", "home.example") as server:
        r = Caller(server.url)("GET", "/api/v1/tasks", headers={"Host": "home.example"})
        assert r.status_code == 401
        assert Caller(server.url)("GET", "/api/v1/tasks").status_code == 200


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_no_start_in_the_open_without_a_way_to_sign_in(tmp_path, listen):
    server = Server(tmp_path)
    run = subprocess.run([PROGRAM, "serve", "--listen", listen], env=server.environment(), capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "sotto people password" in run.stderr and "sotto token create" in run.stderr
    made = subprocess.run([PROGRAM, "token", "create", "t"], env=server.environment(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    with Server(tmp_path, "--listen", listen.replace("0", "0")) as running:
        port = running.url.rsplit(":", 1)[1]
        here = f"http://127.0.0.1:{port}" if "0.0.0.0" in listen else f"http://[::1]:{port}"
        assert Caller(here)("GET", "/api/v1/tasks").status_code == 401
        assert Caller(here, made.stdout.strip())("GET", "/api/v1/tasks").status_code == 200
        shown = subprocess.run([PROGRAM, "task", "list"], env=running.environment(), capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr


# ---- taking all of it along ------------------------------------------------------------------------------------

def check_archive(path, name, holds):
    """An archive that Python reads, whose manifest is right to the last byte; the names of its files."""
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        manifest = json.loads(z.read("manifest.json"))
        assert manifest["format"] == "sotto-export/1" and manifest["name"] == name
        names = [f["path"] for f in manifest["files"]]
        assert sorted([*names, "manifest.json"]) == sorted(z.namelist())
        everything = b""
        for f in manifest["files"]:
            data = z.read(f["path"])
            assert len(data) == f["bytes"] and hashlib.sha256(data).hexdigest() == f["sha256"], f
            everything += data
        assert (MARK.encode() in everything) == holds
        return names, {n: z.read(n) for n in names}


def test_export(house, tmp_path):
    r = house.ann("GET", "/api/v1/export")
    assert r.status_code == 200 and r.headers["Content-Type"] == "application/zip"
    (tmp_path / "ann.zip").write_bytes(r.content)
    names, files = check_archive(tmp_path / "ann.zip", ANN, True)
    folder = "documents/" + house.things["document"]
    original = house.ann("GET", f"/api/v1/knowledge/documents/{house.things['document']}/original").content
    assert [files[n] for n in names if n.startswith(folder + "/original")] == [original]
    assert MARK in files[folder + "/text.txt"].decode() and json.loads(files[folder + "/document.json"])["title"]
    assert any(MARK in m["text"] for m in
               json.loads(files[f"conversations/{house.things['conversation']}/0001.json"])["messages"])
    for where in ("tasks/0001.json", "memory/0001.json", "calendar.ics", "ledger/0001.json", "briefings/0001.json"):
        assert MARK in files[where].decode(), where
    r = house.bob("GET", "/api/v1/export")
    (tmp_path / "bob.zip").write_bytes(r.content)
    check_archive(tmp_path / "bob.zip", BOB, False)
    made = subprocess.run([PROGRAM, "export", str(tmp_path / "cli.zip"), "--person", "ann"],
                          env=house.server.environment(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr  # beside the running server
    assert set(check_archive(tmp_path / "cli.zip", ANN, True)[0]) >= {n for n in names if n.startswith(folder)}
    assert (tmp_path / "cli.zip").stat().st_mode & 0o777 == 0o600
    wrong = subprocess.run([PROGRAM, "export", str(tmp_path / "no.zip"), "--person", "nobody"],
                           env=house.server.environment(), capture_output=True, text=True)
    assert wrong.returncode == 3 and not (tmp_path / "no.zip").exists()


def test_backup_beside_a_running_server(house, tmp_path):
    """Whole, for the owner alone, and with everybody in it; a wrong one is not restored."""
    file = tmp_path / "all.backup"
    made = subprocess.run([PROGRAM, "backup", str(file)], env=house.server.environment(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    data = tmp_path / "data"
    data.mkdir()
    there = Server(data)
    run = subprocess.run([PROGRAM, "restore", str(file), "--yes"], env=there.environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    whole = file.read_bytes()
    (tmp_path / "broken.backup").write_bytes(whole[:len(whole) // 2])
    with Server(data) as server:
        ann = sign_in(server.url, ANN)  # people, passwords and what each owns came along
        assert ann("GET", "/api/v1/knowledge/documents/" + house.things["document"]).status_code == 200
        assert sign_in(server.url, BOB)("GET", "/api/v1/knowledge/documents/" + house.things["document"]).status_code == 404
    run = subprocess.run([PROGRAM, "restore", str(tmp_path / "broken.backup"), "--yes"], env=there.environment(),
                         capture_output=True, text=True)
    assert run.returncode != 0 and "nothing was changed" in run.stderr, run.stderr
