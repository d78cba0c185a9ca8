"""Voices of other machines, by servers that speak ElevenLabs' and OpenAI's protocols, with everything that goes wrong
there; another Sotto as an OpenAI-compatible server; what is kept of spoken texts; what was said aloud."""
import base64
import io
import json
import os
import socket
import subprocess
import time
import wave

import httpx2 as httpx
import openai
import pytest

from server import MODELS, PROGRAM, Server
from voice_server import ELEVEN_PCM, KEY, VOICE, Voices, tone, wav

LOCAL = "en_US-joe-medium"
TEXT = "The first one. And now the second sentence, which is longer."
WORDS = 11
BASE = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en"}


def eleven(voices, **more):
    return {**BASE, "SOTTO_SPEECH_VOICE": f"elevenlabs/{VOICE}", "ELEVENLABS_API_KEY": KEY,
            "ELEVENLABS_BASE_URL": voices.url, **more}


def other(url, **more):
    return {**BASE, "SOTTO_SPEECH_VOICE": "openai/nova", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY, **more}


class Running(Server):
    def __enter__(self):
        self.data.mkdir(exist_ok=True)
        super().__enter__()
        self.http = httpx.Client(base_url=self.url, timeout=60)
        return self

    def __exit__(self, *_):
        self.http.close()
        super().__exit__()

    def say(self, text=TEXT, status=200, **more):
        got = self.http.post("/api/v1/voice/synthesize", json={"text": text, **more})
        assert got.status_code == status, got.text
        return got

    def metric(self, name):
        lines = [line.rsplit(" ", 1)[1] for line in self.http.get("/metrics").text.splitlines()
                 if line.startswith(name + " ")]
        return float(lines[0]) if lines else 0.0


def seconds(data):
    with wave.open(io.BytesIO(data)) as w:
        return w.getnframes() / w.getframerate()


def rate(data):
    with wave.open(io.BytesIO(data)) as w:
        return w.getframerate()


@pytest.fixture(scope="module")
def mp3(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("mp3"), env=BASE) as s:
        return s.say("This is a sound file.", format="mp3").content


# ---- ElevenLabs ----------------------------------------------------------------------------------

def test_elevenlabs_speaks_sentence_by_sentence(tmp_path):
    with Voices() as v, Running(tmp_path, env=eleven(v)) as s:
        got = s.say()
        assert got.headers["sotto-voice"] == f"elevenlabs/{VOICE}" and got.headers["sotto-voice-cached"] == "no"
        assert got.headers["sotto-voice-backend"] == "elevenlabs" and "sotto-voice-fallback" not in got.headers
        assert rate(got.content) == 22050
        assert abs(seconds(got.content) - (WORDS * 0.2 + 0.12)) < 0.01
        assert v.texts() == ["The first one.", "And now the second sentence, which is longer."]
        path, query, body, headers = v.requests[0]
        assert path == f"/v1/text-to-speech/{VOICE}/stream" and query == {"output_format": "pcm_22050"}
        assert headers["xi-api-key"] == KEY and body["model_id"] == "eleven_flash_v2_5"
        assert body["next_text"] == v.texts()[1] and "previous_text" not in body and "voice_settings" not in body
        assert 0 <= body["seed"] <= 0xffffffff
        assert v.requests[1][2]["previous_text"] == "The first one."
        # the same again is kept: nobody is asked
        again = s.say()
        assert again.content == got.content and again.headers["sotto-voice-cached"] == "yes" and len(v.requests) == 2
        faster = s.say(speed=1.2)
        assert v.requests[-1][2]["voice_settings"] == {"speed": 1.2} and seconds(faster.content) < seconds(got.content)
        json_said = s.http.post("/api/v1/voice/synthesize", json={"text": TEXT}, headers={"Accept": "application/json"})
        assert json_said.json()["voice"] == f"elevenlabs/{VOICE}" and json_said.json()["cached"] is True
        assert base64.b64decode(json_said.json()["audio_base64"]) == got.content
        for kind in ("mp3", "opus", "flac", "aac", "pcm"):
            assert len(s.say(format=kind).content) > 1000
        assert s.http.get("/metrics").text.count(KEY) == 0


@pytest.mark.parametrize("kind", [k for k in ELEVEN_PCM if k != "pcm_8000"] + ["mp3_44100_128"])
def test_elevenlabs_formats(tmp_path, mp3, kind):
    with Voices(mp3=mp3) as v, Running(tmp_path, env=eleven(v, SOTTO_ELEVENLABS_FORMAT=kind)) as s:
        got = s.say("One two three.")
        assert v.requests[0][1] == {"output_format": kind}
        assert "sotto-voice-fallback" not in got.headers, got.headers
        if kind.startswith("pcm"):
            assert rate(got.content) == int(kind[4:]) and abs(seconds(got.content) - 0.6) < 0.01
        else:
            assert 0.5 < seconds(got.content) < 3


def test_elevenlabs_lists_its_voices(tmp_path):
    with Voices() as v, Running(tmp_path, env=eleven(v)) as s:
        here = s.http.get("/api/v1/voice/voices").json()
        assert not v.requests and all(i["backend"] in ("piper", "espeak") for i in here)
        got = s.http.get("/api/v1/voice/voices", params={"remote": "true"})
        theirs = [i for i in got.json() if i["backend"] == "elevenlabs"]
        assert [i["id"] for i in theirs] == [f"elevenlabs/{VOICE}", "elevenlabs/pNInz6obpgDQGcFmaJgB"]
        assert theirs[0]["name"] == "Rachel" and theirs[0]["language"] == "en"
        v.key = "another"
        got = s.http.get("/api/v1/voice/voices", params={"remote": "true"})
        assert got.status_code == 200 and got.json() == here and "Invalid API key" in got.headers["sotto-voices-note"]


def eleven_error(status, code, message, **headers):
    return lambda h: h.answer(status, {"detail": {"status": code, "message": message}}, **headers)


def reset(h):
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    h.close_connection = True
    h.connection.shutdown(socket.SHUT_RDWR)


FAULTS = {
    "quota": (eleven_error(401, "quota_exceeded", "This request exceeds your quota of 10000."), 1, "quota of 10000"),
    "key": (eleven_error(401, "invalid_api_key", "Invalid API key"), 1, "refuses the key (invalid_api_key)"),
    "permission": (eleven_error(401, "missing_permissions", "The API key is missing text_to_speech"), 1, "text_to_speech"),
    "validation": (lambda h: h.answer(422, {"detail": [{"loc": ["body", "model_id"], "msg": "no such model",
                                                        "type": "x"}]}), 1, "no such model (model_id)"),
    "newer shape": (lambda h: h.answer(403, {"detail": {"type": "authorization_error", "code": "blocked",
                                                        "message": "Unusual activity"}}), 1, "blocked"),
    "redirect": (lambda h: h.answer(302, b"", Location="http://127.0.0.1:1/"), 1, "not followed"),
    "a page": (lambda h: h.answer(200, b"<html>captive portal</html>", "text/html"), 1, "text/html"),
    "empty": (lambda h: h.answer(200, b"", "audio/pcm"), 1, "without any sound"),
    "patience": (eleven_error(429, "too_many_concurrent_requests", "at most 2", Retry_After="60"), 1, "at most 2"),
    "busy": (eleven_error(429, "system_busy", "busy"), 3, "system_busy"),
    "broken": (lambda h: h.answer(500, b"oops", "text/plain"), 3, "status 500"),
    "gateway": (lambda h: h.answer(503, b"", "text/html"), 3, "status 503"),
    "reset": (reset, 3, "ElevenLabs"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_elevenlabs_failures_are_told_and_the_local_voice_speaks(tmp_path, name):
    fault, asked, words = FAULTS[name]
    with Voices(*[fault] * 20) as v, Running(tmp_path, env=eleven(v)) as s:
        # named by the request: that one or an error
        got = s.http.post("/api/v1/voice/synthesize", json={"text": "Hello.", "voice": f"elevenlabs/{VOICE}"})
        assert got.status_code in (503, 429, 404), got.text
        assert words in got.json()["detail"] and KEY not in got.text
        assert len(v.requests) == asked
        # set, but not named: a voice of this machine, and it is said
        got = s.say("Hello.")
        assert words in got.headers["sotto-voice-fallback"] and got.headers["sotto-voice"] == LOCAL
        assert got.headers["sotto-voice-backend"] == "piper" and 0.2 < seconds(got.content) < 3
        # what was spoken instead is not kept as the other's
        v.faults.clear()
        if name not in ("broken", "gateway", "reset"):  # after those it is left alone for a while
            assert s.say("Hello.").headers["sotto-voice"] == f"elevenlabs/{VOICE}"
        assert KEY not in (tmp_path / "server.log").read_text()


def test_elevenlabs_retries(tmp_path):
    faults = [eleven_error(429, "system_busy", "busy", Retry_After="0"), lambda h: h.answer(502, b"", "text/html")]
    with Voices(*faults) as v, Running(tmp_path, env=eleven(v)) as s:
        assert s.say("One two three.").headers["sotto-voice"] == f"elevenlabs/{VOICE}" and len(v.requests) == 3


def test_elevenlabs_breaks_off_in_the_middle(tmp_path):
    """What was heard is not heard again from another voice but for the sentence that broke off; nothing is kept."""
    def half(h):
        pcm = tone("a b c d e f g h", 22050)
        h.chunks(pcm, "audio/pcm", most=len(pcm) // 2)

    with Voices(lambda h: h.chunks(tone("The first one.", 22050), "audio/pcm"), half) as v, \
            Running(tmp_path, env=eleven(v)) as s:
        got = s.http.post("/api/v1/voice/synthesize", json={"text": TEXT}, headers={"Accept": "application/json"}).json()
        assert "broke off" in got["fallback"] and got["voice"] == f"elevenlabs/{VOICE}"
        assert got["seconds"] > 0.6 + 0.12 + 0.7 + 1.5  # the first, half of the second, and it again
        assert s.say().headers["sotto-voice-cached"] == "no"
        # named: the connection is cut, so that a part is not taken for the whole
        v.faults.append(half)
        with pytest.raises(httpx.RemoteProtocolError):
            s.say("Another long sentence that will break off.", voice=f"elevenlabs/{VOICE}", stream=True)
    odd = lambda h: h.answer(200, tone("a b", 22050)[:-1], "audio/pcm")
    with Voices(odd) as v, Running(tmp_path / "b", env=eleven(v)) as s:
        assert "broke off" in s.say("Hi there.", voice=f"elevenlabs/{VOICE}", status=503).json()["detail"]


def test_elevenlabs_that_does_not_answer(tmp_path):
    """Nothing comes for longer than is waited: the local voice speaks, and the next text does not wait again."""
    def slow(h):
        time.sleep(6)
        h.answer(200, b"", "audio/pcm")

    with Voices(slow, slow) as v, Running(tmp_path, env=eleven(v, SOTTO_SPEECH_TIMEOUT="2")) as s:
        got = s.say("Hello.")
        assert "in time" in got.headers["sotto-voice-fallback"]
        began = time.monotonic()
        again = s.say("Hello again.")
        assert "asked again in" in again.headers["sotto-voice-fallback"] and time.monotonic() - began < 2
        assert len(v.requests) == 1


def test_no_key_no_request(tmp_path):
    with Voices() as v, Running(tmp_path, env={**BASE, "ELEVENLABS_BASE_URL": v.url}) as s:
        assert "elevenlabs_api_key" in s.say("x", voice="elevenlabs", status=503).json()["detail"]
        assert "openai_base_url" in s.say("x", voice="openai/alloy", status=503).json()["detail"]
    with Voices() as v, Running(tmp_path / "b", env={**BASE, "ELEVENLABS_BASE_URL": v.url, "ELEVENLABS_API_KEY": KEY}) as s:
        assert s.say("A key alone sends nothing.").headers["sotto-voice"] == LOCAL and not v.requests


# ---- OpenAI --------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["wav", "pcm", "mp3"])
def test_openai_protocol(tmp_path, mp3, kind):
    with Voices(mp3=mp3) as v, Running(tmp_path, env=other(v.url + "/v1", SOTTO_SPEECH_FORMAT=kind)) as s:
        got = s.say("One two three.", speed=1.25)
        assert got.headers["sotto-voice"] == "openai/nova" and "sotto-voice-fallback" not in got.headers
        path, _, body, headers = v.requests[0]
        assert path == "/v1/audio/speech" and headers["Authorization"] == f"Bearer {KEY}"
        assert body == {"model": "tts-1", "input": "One two three.", "voice": "nova", "response_format": kind,
                        "speed": 1.25}
        assert rate(got.content) == 24000
        if kind != "mp3":
            assert abs(seconds(got.content) - 0.48) < 0.01
        client = openai.OpenAI(base_url=s.url + "/v1", api_key="none", max_retries=0)
        client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Calm words.", instructions="Calmly.")
        assert v.requests[-1][2]["instructions"] == "Calmly." and v.requests[-1][2]["voice"] == "nova"
        s.say("Another voice.", voice="openai/echo")
        assert v.requests[-1][2]["voice"] == "echo"


@pytest.mark.parametrize("answer, words", [
    ((401, {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}), "refuses the key"),
    ((404, {"error": {"message": "The model `tts-1` does not exist", "code": "model_not_found"}}), "does not exist"),
    ((400, {"error": {"message": "voice must be one of", "param": "voice"}}), "voice must be one of"),
    ((429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}), "current quota"),
    ((307, {}), "not followed"),
])
def test_openai_failures(tmp_path, answer, words):
    with Voices(*[lambda h: h.answer(*answer)] * 20) as v, Running(tmp_path, env=other(v.url + "/v1")) as s:
        got = s.http.post("/api/v1/voice/synthesize", json={"text": "Hello.", "voice": "openai/nova"})
        assert got.status_code in (429, 503) and words in got.json()["detail"] and KEY not in got.text
        assert s.say("Hello.").headers["sotto-voice"] == LOCAL


def test_a_damaged_sound_file(tmp_path, mp3):
    noise = lambda h: h.answer(200, b"RIFF" + bytes(range(200)) * 40, "audio/wav")
    short = lambda h: h.answer(200, wav(tone("a b c", 24000), 24000)[:9000], "audio/wav")
    for fault, words in ((noise, "no sound that can be read"), (short, "broke off")):
        with Voices(fault) as v, Running(tmp_path / words[:2], env=other(v.url + "/v1")) as s:
            assert words in s.say("Hello.", voice="openai/nova", status=503).json()["detail"]


def test_another_sotto_is_an_openai_compatible_server(tmp_path):
    with Running(tmp_path / "a", env=BASE) as far:
        env = {**BASE, "SOTTO_SPEECH_VOICE": f"openai/{LOCAL}", "SOTTO_SPEECH_URL": far.url + "/v1"}
        with Running(tmp_path / "b", env=env) as near:
            got = near.say()
            assert got.headers["sotto-voice"] == f"openai/{LOCAL}" and "sotto-voice-fallback" not in got.headers
            heard = near.http.post("/v1/audio/transcriptions", files={"file": ("a.wav", got.content)},
                                   data={"model": "whisper-1"}).json()["text"].lower()
            assert "first one" in heard and "second sentence" in heard
            assert "zorg" in near.say("x", voice="openai/zorg", status=503).json()["detail"]
            assert far.metric("tts_first_audio_seconds_count") >= 2
        far.stop()
        with Running(tmp_path / "c", env=env) as near:
            assert near.say().headers["sotto-voice"] == LOCAL


# ---- what is kept --------------------------------------------------------------------------------

def files(s):
    return sorted((s.data / "cache").glob("*/speech/*.snd"))


def test_spoken_texts_are_kept_and_forgotten(tmp_path):
    with Running(tmp_path, env={**BASE, "SOTTO_SPEECH_CACHE": "2M"}) as s:
        fresh = {}
        for text, more in (("One.", {}), ("Two.", {}), ("One.", {"speed": 1.5}), ("One.", {"format": "flac"})):
            fresh[text, str(more)] = s.say(text, **more).content
        assert len(files(s)) == 3  # a format is made anew of the same sound
        assert s.metric('tts_cache_requests_total{outcome="hit"}') == 1
        for text, more in (("One.", {}), ("Two.", {}), ("One.", {"speed": 1.5}), ("One.", {"format": "flac"})):
            got = s.say(text, **more)
            assert got.headers["sotto-voice-cached"] == "yes" and got.content == fresh[text, str(more)]
        assert files(s)[0].stat().st_mode & 0o077 == 0
    # kept over a restart, and the same bytes; a damaged file is made anew
    with Running(tmp_path, env={**BASE, "SOTTO_SPEECH_CACHE": "2M"}) as s:
        assert s.say("One.").headers["sotto-voice-cached"] == "yes"
        for path in files(s):
            data = bytearray(path.read_bytes())
            data[-7] ^= 1
            path.write_bytes(data)
        again = s.say("One.")
        assert again.headers["sotto-voice-cached"] == "no" and again.content == fresh["One.", "{}"]
        # the limit holds, the longest unused goes first
        long = "This is a rather long sentence number {}, so that a few of them fill the little room that there is."
        for i in range(12):
            s.say(long.format(i))
            assert s.say("One.").headers["sotto-voice-cached"] == "yes"
        assert sum(f.stat().st_size for f in files(s)) <= 2 << 20 and s.metric("tts_cache_bytes") <= 2 << 20
        assert s.say(long.format(0)).headers["sotto-voice-cached"] == "no"
        assert s.say(long.format(11)).headers["sotto-voice-cached"] == "yes"
        # a deletion takes what is kept with it
        added = s.http.post("/api/v1/memory", json={"text": "my dentist is Dr. Kim"}).json()
        assert s.http.delete(f"/api/v1/memory/{added['id']}").status_code in (200, 204)
        assert not files(s) and s.metric("tts_cache_bytes") == 0
    with Running(tmp_path, env={**BASE, "SOTTO_SPEECH_CACHE": "0"}) as s:
        s.say("One."), s.say("One.")
        assert not files(s)


# ---- what was said aloud -------------------------------------------------------------------------

def test_interactions(tmp_path):
    with Running(tmp_path, env=BASE) as s:
        path = "/api/v1/voice/interactions"
        sound = s.say("What is the capital of France?").content
        ids, said = [], []
        for _ in range(3):
            said.append(s.http.post("/api/v1/voice/process", content=sound, headers={"Content-Type": "audio/wav"}).json())
            ids.append(said[-1]["id"])
        page = s.http.get(path, params={"limit": 2}).json()
        assert [i["id"] for i in page["interactions"]] == ids[:0:-1] and page["total"] == 3
        assert page["interactions"][0] == said[2]
        rest = s.http.get(path, params={"limit": 2, "cursor": page["next_cursor"]}).json()
        assert [i["id"] for i in rest["interactions"]] == ids[:1] and rest["next_cursor"] is None
        assert s.http.get(f"{path}/{ids[1]}").json() == said[1]
        assert s.http.delete(f"{path}/{ids[1]}").status_code == 204
        assert s.http.get(f"{path}/{ids[1]}").status_code == s.http.delete(f"{path}/{ids[1]}").status_code == 404
        # with its conversation
        assert s.http.delete(f"/api/v1/conversations/{said[0]['session_id']}").status_code == 204
        assert [i["id"] for i in s.http.get(path).json()["interactions"]] == [ids[2]]
        # nobody spoke: kept as such
        s.http.post("/api/v1/voice/process", json={"audio_data": [0.0] * 16000})
        assert s.http.get(path).json()["interactions"][0]["transcript"] == ""
        assert s.http.get(path, params={"cursor": "x"}).status_code == 400
        assert s.http.get(path, params={"limit": 0}).status_code == 400
        assert s.http.delete(path).json() == {"deleted": 2} and s.http.get(path).json()["total"] == 0


def test_a_spoken_answer(tmp_path):
    with Running(tmp_path, env=BASE) as s:
        sound = s.say("What time is it?").content
        kind = {"Content-Type": "audio/wav"}
        whole = s.http.post("/api/v1/voice/process", params={"speak": "true"}, content=sound, headers=kind).json()
        spoken = whole["spoken"]
        assert spoken["voice"] == LOCAL and spoken["backend"] == "piper" and spoken["speed"] == 1
        assert abs(spoken["seconds"] - seconds(base64.b64decode(whole["audio_base64"]))) < 0.01
        stages = whole["stages"]
        assert 0 < stages["speak_ms"] <= stages["first_sound_ms"]
        assert stages["hear_ms"] + stages["answer_ms"] <= stages["first_sound_ms"]
        for accept, head in (("audio/wav", b"RIFF"), ("audio/ogg", b"OggS"), ("audio/flac", b"fLaC"), ("audio/*", b"RIFF")):
            got = s.http.post("/api/v1/voice/process", content=sound, headers={**kind, "Accept": accept})
            assert got.status_code == 200 and got.content.startswith(head)
            kept = s.http.get("/api/v1/voice/interactions/" + got.headers["sotto-interaction"]).json()
            assert "time" in kept["transcript"].lower() and kept["session_id"] == got.headers["sotto-session"]
            assert kept["spoken"]["seconds"] > 0.5 and "audio_base64" not in kept
        page = s.http.get("/metrics").text
        for stage in ("hear", "answer", "speak"):
            assert f'voice_stage_seconds_count{{stage="{stage}"}}' in page
        # again, slower: the same words, longer
        session = whole["session_id"]

        def ask(words):
            return s.http.post("/api/v1/voice/process", params={"speak": "true", "session_id": session},
                               content=s.say(words).content, headers=kind).json()
        again = ask("Say that again more slowly.")
        assert again["response"] == whole["response"] and again["spoken"]["speed"] == 0.8, again["transcript"]
        ratio = again["spoken"]["seconds"] / spoken["seconds"]
        assert abs(ratio * 0.8 - 1) < 0.03, ratio
        brief = ask("Read me the briefing.")
        assert brief["action"] == "briefing", brief
        assert brief["spoken"]["seconds"] > 2 and "#" not in brief["response"]


def test_openai_events(tmp_path):
    with Running(tmp_path, env=BASE) as s:
        ask = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT, "response_format": "wav"}
        plain = s.http.post("/v1/audio/speech", json=ask)
        assert plain.headers["content-type"] == "audio/wav"
        got = s.http.post("/v1/audio/speech", json={**ask, "stream_format": "sse"})
        assert got.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in got.text.split("\n") if line.startswith("data: ")]
        assert [e["type"] for e in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1) and len(events) > 3
        assert b"".join(base64.b64decode(e["audio"]) for e in events[:-1]) == plain.content
        assert events[-1]["type"] == "speech.audio.done" and events[-1]["usage"]["total_tokens"] > 0
        refused = s.http.post("/v1/audio/speech", json={**ask, "model": "tts-1", "stream_format": "sse"})
        assert refused.status_code == 400 and "sse" in refused.json()["error"]["message"]


# ---- the command line, and nothing in other people's folders ---------------------------------------

def test_ask_aloud_on_the_command_line(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOTTO_", "XDG_", "PULSE"))}
    env = {**clean, **BASE, "SOTTO_DATA": str(tmp_path / "data"), "SOTTO_MODELS": str(MODELS), "HOME": str(home)}

    def run(*args, code=0):
        done = subprocess.run([PROGRAM, *args], capture_output=True, timeout=120, env=env)
        assert done.returncode == code, (args, done.returncode, done.stderr.decode())
        return done.stdout.decode(errors="replace")
    question, answer = str(tmp_path / "question.wav"), str(tmp_path / "answer.wav")
    run("say", "Remind me to water the plants tomorrow at nine.", "-o", question)
    out = run("ask", "--audio", question, "-o", answer)
    assert "heard: Remind me to water the plants" in out and "water the plants" in out.split("\n\n", 1)[1].lower()
    assert "plants" in run("transcribe", answer).lower()
    said = json.loads(run("ask", "--json", "--audio", question, "-o", answer))
    assert "audio_base64" not in said and said["spoken"]["voice"] == LOCAL
    run("ask", "--audio", question, "-o", str(tmp_path / "answer.opus"))
    assert (tmp_path / "answer.opus").read_bytes().startswith(b"OggS")
    assert len(run("voice", "list").splitlines()) == 3
    one = run("voice").splitlines()[0].split("\t")[0]
    assert "first sound after" in run("voice", "show", one)
    run("voice", "delete", one, "--yes")
    assert len(run("voice").splitlines()) == 2
    assert "deleted 2" in run("voice", "delete", "--all", "--yes")
    run("ask", "words", "--audio", question, code=2), run("ask", code=2), run("ask", "x", "-o", answer, code=2)
    run("ask", "--audio", str(tmp_path / "none.wav"), code=3)
    run("say", "By espeak's own voice.", "--voice", "espeak:en-us", "-o", answer)
    assert list(home.rglob("*")) == []  # no "pulse", nothing
