"""Hearing and speaking with the real program: OpenAI's own client, the routes of /api, the WebSocket and the
command line. What our own voice says is what our own ears must hear; sounds that hold no words must give none."""
import array
import asyncio
import base64
import io
import json
import math
import os
import random
import subprocess
import time
import wave

import httpx2 as httpx
import openai
import pytest
import websockets

from server import MODELS, PROGRAM, Server

EARS = "whisper-tiny.en"
VOICE = "en_US-joe-medium"
SENTENCE = "Remind me to call the bank tomorrow at nine."
HEARD = "call the bank tomorrow"
FORMATS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac",
           "wav": "audio/wav", "pcm": "audio/pcm"}
SETTINGS = {"SOTTO_SPEECH_MODEL": EARS, "SOTTO_SPEECH_VOICE": VOICE}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), env=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server.url, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", timeout=120, max_retries=0)


@pytest.fixture(scope="module")
def spoken(http):
    """The sentence as a WAV file."""
    got = http.post("/api/v1/voice/synthesize", json={"text": SENTENCE, "voice": VOICE})
    assert got.status_code == 200, got.text
    return got.content


def samples_16k(wav):
    """Linear resampling is plenty for a clear voice."""
    with wave.open(io.BytesIO(wav)) as w:
        rate, data = w.getframerate(), array.array("h", w.readframes(w.getnframes()))
    n = int(len(data) * 16000 / rate)
    out = []
    for i in range(n):
        at = i * rate / 16000
        k = int(at)
        nxt = data[min(k + 1, len(data) - 1)]
        out.append((data[k] + (nxt - data[k]) * (at - k)) / 32768)
    return out


def wav_of(samples, rate=16000):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(array.array("h", [max(-32768, min(32767, int(s * 32767))) for s in samples]).tobytes())
    return out.getvalue()


def problem(got, status, code):
    assert got.status_code == status, got.text
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["code"] == code
    return got.json()["detail"]


# ---- OpenAI's client -----------------------------------------------------------------------------

def test_speech_is_heard_again_in_every_format(client):
    for kind, media in FORMATS.items():
        answer = client.audio.speech.create(model="tts", voice=VOICE, input=SENTENCE, response_format=kind)
        assert answer.response.headers["content-type"] == media
        sound = answer.read()
        if kind == "pcm":  # 24 kHz, as OpenAI's
            sound = wav_of([s / 32768 for s in array.array("h", sound)], 24000)
        heard = client.audio.transcriptions.create(model=EARS, file=(f"a.{kind}", sound))
        assert HEARD in heard.text.lower(), (kind, heard.text)
        assert heard.usage.type == "duration" and 2 <= heard.usage.seconds <= 5


def test_speech_streams_and_has_speeds(client):
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy",
                                                            input=SENTENCE * 20) as answer:
        pieces = list(answer.iter_bytes(4096))
    assert len(pieces) > 10
    length = {}
    for speed in (0.5, 1, 2):
        length[speed] = len(client.audio.speech.create(model="tts", voice=VOICE, input=SENTENCE, speed=speed,
                                                       response_format="pcm").read())
    assert length[0.5] > 1.4 * length[1] and length[1] > 1.4 * length[2]  # pauses do not scale


def test_transcription_formats(client, spoken):
    def ask(**more):
        return client.audio.transcriptions.create(model="whisper-1", file=("a.wav", spoken), **more)
    assert HEARD in ask(response_format="text").lower()
    srt = ask(response_format="srt").splitlines()
    assert srt[0] == "1" and srt[1].startswith("00:00:00,") and " --> 00:00:0" in srt[1] and HEARD in srt[2].lower()
    assert ask(response_format="vtt").startswith("WEBVTT\n\n00:00:00.")
    whole = ask(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert whole.language == "en" and 2 < float(whole.duration) < 5
    assert " ".join(s.text for s in whole.segments) == whole.text
    assert whole.segments[0].tokens and whole.segments[0].no_speech_prob < 0.5
    words = [w.word.strip(".,").lower() for w in whole.words]
    assert words[:4] == ["remind", "me", "to", "call"]
    assert all(a.end <= b.end and a.start <= a.end for a, b in zip(whole.words, whole.words[1:]))
    assert ask(language="en", prompt="The bank is called Sotto.", temperature=0).text


def test_transcription_streams(client, spoken):
    events = list(client.audio.transcriptions.create(model=EARS, file=("a.wav", spoken), stream=True))
    assert events[-1].type == "transcript.text.done" and HEARD in events[-1].text.lower()
    assert "".join(e.delta for e in events[:-1]) == events[-1].text
    assert all(e.type == "transcript.text.delta" for e in events[:-1]) and len(events) >= 2


@pytest.mark.parametrize("kind", ["text", "srt", "vtt", "verbose_json", "json"])
def test_a_stream_tells_how_far_it_is_when_asked(http, spoken, kind):
    """Our own client asks so; nobody else gets these events."""
    long = wav_of(samples_16k(spoken) + [0.0] * (40 * 16000))
    form = {"model": EARS, "response_format": kind}
    got = http.post("/v1/audio/transcriptions", files={"file": ("a.wav", long)},
                    data={**form, "stream": "true", "progress": "true"})
    events = [json.loads(line[6:]) for line in got.text.splitlines() if line.startswith("data: {")]
    far = [e for e in events if e["type"] == "transcript.progress"]
    assert far and all(0 < e["seconds"] <= e["of"] and 42 < e["of"] < 44 for e in far)
    assert [e["seconds"] for e in far] == sorted(e["seconds"] for e in far)
    assert events[-1]["type"] == "transcript.text.done" and HEARD in events[-1]["text"].lower()
    plain = http.post("/v1/audio/transcriptions", files={"file": ("a.wav", long)}, data=form)
    if "json" in kind:
        assert json.loads(events[-1]["output"])["text"] == plain.json()["text"] == events[-1]["text"]
    else:
        assert events[-1]["output"] == plain.text


def test_models_are_listed(client):
    ids = {m.id for m in client.models.list()}
    assert {EARS, "tts", "sotto"} <= ids
    for one in (EARS, "tts"):
        assert client.models.retrieve(one).id == one


def test_errors_in_openais_shape(client, spoken):
    def hear(sound, **more):
        return client.audio.transcriptions.create(**{"model": EARS, "file": ("a.wav", sound), **more})

    def say(**more):
        return client.audio.speech.create(**{"model": "tts", "voice": VOICE, "input": "Hello.", **more})
    bad = [(lambda: hear(b""), openai.BadRequestError, "empty"),
           (lambda: hear(b"no sound at all, only words " * 50), openai.APIStatusError, "no sound file"),
           (lambda: hear(spoken[:40]), openai.APIStatusError, ""),
           (lambda: hear(spoken, model="whisper-zorg"), openai.NotFoundError, "whisper-zorg"),
           (lambda: hear(spoken, language="xx"), openai.BadRequestError, "xx"),
           (lambda: hear(spoken, timestamp_granularities=["word"]), openai.BadRequestError, "verbose_json"),
           (lambda: say(voice="zorg"), openai.NotFoundError, "zorg"),
           (lambda: say(model="zorg"), openai.NotFoundError, "zorg"),
           (lambda: say(input=""), openai.BadRequestError, "input"),
           (lambda: say(input="a" * 4097), openai.BadRequestError, "4096"),
           (lambda: say(speed=5), openai.BadRequestError, "speed"),
           (lambda: say(response_format="xyz"), openai.BadRequestError, "response_format")]
    for call, kind, words in bad:
        with pytest.raises(kind) as caught:
            call()
        assert 400 <= caught.value.status_code < 500
        error = caught.value.response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"} and words in error["message"]


def test_what_holds_no_words_gives_none(client):
    rng = random.Random(7)
    n = 3 * 16000
    sounds = {"silence": [0.0] * n, "noise": [rng.gauss(0, 0.05) for _ in range(n)],
              "hum": [0.3 * math.sin(2 * math.pi * 120 * i / 16000) for i in range(n)],
              "a click": [0.9 if i == 8000 else 0.0 for i in range(n)],
              "hardly any": [0.0] * 1600}
    for name, samples in sounds.items():
        heard = client.audio.transcriptions.create(model=EARS, file=("a.wav", wav_of(samples)))
        assert heard.text == "", (name, heard.text)


def test_damaged_files_are_refused_or_heard(http):
    """Never a crash, never a 5xx, and never words out of noise."""
    mp3 = http.post("/v1/audio/speech", json={"model": "tts", "input": SENTENCE, "voice": VOICE}).content
    rng = random.Random(3)
    for _ in range(12):
        data = bytearray(mp3[:rng.randrange(1, len(mp3))])
        for _ in range(rng.randrange(200)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        got = http.post("/v1/audio/transcriptions", files={"file": ("a.mp3", bytes(data))}, data={"model": EARS})
        assert got.status_code in (200, 400, 413, 415), got.text


# ---- /api ----------------------------------------------------------------------------------------

def test_synthesize(http):
    voices = http.get("/api/v1/voice/voices").json()
    mine = [v for v in voices if v["id"] == VOICE][0]
    assert mine["backend"] == "piper" and mine["language"] == "en-US" and mine["name"]
    plain = http.post("/api/v1/voice/synthesize", json={"text": "Hello there."})
    assert plain.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(plain.content)) as w:
        assert 0.3 < w.getnframes() / w.getframerate() < 3 and w.getnchannels() == 1
    assert http.post("/api/v1/voice/synthesize", json={"text": "Hello there."}).content == plain.content
    for kind, media in FORMATS.items():
        got = http.post("/api/v1/voice/synthesize", json={"text": "Hello.", "format": kind},
                        headers={"Accept": "application/json"})
        assert got.json()["content_type"] == media and len(base64.b64decode(got.json()["audio_base64"])) > 500
        streamed = http.post("/api/v1/voice/synthesize", json={"text": "Hello.", "format": kind, "stream": True})
        assert streamed.headers["content-type"] == media and len(streamed.content) > 500
    assert "zorg" in problem(http.post("/api/v1/voice/synthesize", json={"text": "x", "voice": "zorg"}),
                             404, "NOT_FOUND")
    problem(http.post("/api/v1/voice/synthesize", json={"text": ""}), 400, "VALIDATION_ERROR")
    problem(http.post("/api/v1/voice/synthesize", json={"text": "x", "format": "midi"}), 400, "VALIDATION_ERROR")
    problem(http.post("/api/v1/voice/synthesize", json={"text": "x", "speed": 9}), 400, "VALIDATION_ERROR")


def check_interaction(http, said):
    assert HEARD in said["transcript"].lower()
    assert said["intent"]["Command"]["action"] == "reminder_add" and "call the bank" in said["response"].lower()
    assert 0 < said["confidence"] <= 1 and said["processing_time_ms"] > 0 and said["timestamp"].endswith("Z")
    task = http.get(f"/api/v1/tasks/{said['tasks'][0]}").json()
    assert "call the bank" in task["title"].lower() and task["status"] == "open"


def test_process_by_every_way_in(http, spoken):
    path = "/api/v1/voice/process"
    ways = [dict(json={"audio_data": samples_16k(spoken)}),
            dict(content=spoken, headers={"Content-Type": "audio/wav"}),
            dict(files={"audio": ("said.wav", spoken, "audio/wav")})]
    for way in ways:
        got = http.post(path, **way)
        assert got.status_code == 200, got.text
        check_interaction(http, got.json())
    session = got.json()["session_id"]
    again = http.post(path, params={"session_id": session}, **ways[1]).json()
    assert again["session_id"] == session
    assert http.get(f"/api/v1/conversations/{session}").json()["message_count"] == 4


def test_process_of_silence_and_of_nonsense(http):
    path = "/api/v1/voice/process"
    before = http.get("/api/v1/conversations").json()["total"]
    quiet = http.post(path, json={"audio_data": [0.0] * 32000}).json()
    assert quiet["transcript"] == "" and quiet["intent"] == "Unknown" and quiet["confidence"] == 0
    assert quiet["response"] and http.get("/api/v1/conversations").json()["total"] == before
    assert "audio_data" in problem(http.post(path, json={}), 400, "VALIDATION_ERROR")
    problem(http.post(path, json={"audio_data": []}), 400, "VALIDATION_ERROR")
    problem(http.post(path, json={"audio_data": "AAAA"}), 400, "VALIDATION_ERROR")
    assert "[1]" in problem(http.post(path, json={"audio_data": [0, "x"]}), 400, "VALIDATION_ERROR")
    assert "[0]" in problem(http.post(path, json={"audio_data": [12000]}), 400, "VALIDATION_ERROR")
    problem(http.post(path, json={"audio_data": [0] * (121 * 16000)}), 413, "TOO_LARGE")
    problem(http.post(path, content=b"", headers={"Content-Type": "audio/wav"}), 400, "VALIDATION_ERROR")
    problem(http.post(path, content=b"words", headers={"Content-Type": "audio/wav"}), 415, "UNSUPPORTED_MEDIA")
    problem(http.post(path, content=b"words", headers={"Content-Type": "text/plain"}), 415, "UNSUPPORTED_MEDIA")


def test_measurements(http, spoken):
    http.post("/api/v1/voice/process", content=spoken, headers={"Content-Type": "audio/wav"})
    page = http.get("/metrics").text
    value = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
             for line in page.splitlines() if line and line[0] != "#"}
    assert value[f'stt_model_loaded{{model="{EARS}"}}'] == 1
    assert 0 < value["stt_realtime_ratio"] < 100
    assert value["voice_processing_duration_seconds_count"] >= 1
    assert value["voice_processing_duration_seconds_sum"] > 0
    assert value["tts_first_audio_seconds_count"] >= 1


# ---- WebSocket -----------------------------------------------------------------------------------

async def receive(ws, kind):
    """The next message of that type and all up to it; none may be an Error, unless that is wanted."""
    seen = []
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 60))
        seen.append(message)
        if message["type"] == kind:
            return message["data"], seen
        assert message["type"] != "Error", message


def send(ws, kind, **data):
    return ws.send(json.dumps({"type": kind, "data": data}))


def over_websocket(server, talk):
    async def run():
        async with websockets.connect(server.url.replace("http", "ws") + "/ws", max_size=None) as ws:
            await talk(ws)
    asyncio.run(run())


def test_websocket_voice(server, http, spoken):
    pcm = samples_16k(spoken)

    async def talk(ws):
        await send(ws, "VoiceInput", audio_data=pcm)
        answer, seen = await receive(ws, "VoiceResponse")
        check_interaction(http, answer["interaction"])
        words = [m["data"] for m in seen if m["type"] == "Transcript"][-1]
        assert words["final"] is True and words["text"] == answer["interaction"]["transcript"]
        for kind, code, scale in (("f32le", "f", 1), ("s16le", "h", 32767)):
            await receive(ws, "VoiceState")  # idle
            await send(ws, "VoiceStart", rate=16000, format=kind)
            assert (await receive(ws, "VoiceState"))[0] == {"state": "listening"}
            data = array.array(code, [s if scale == 1 else int(s * scale) for s in pcm]).tobytes()
            for at in range(0, len(data), 6400):
                await ws.send(data[at:at + 6400])
            await send(ws, "VoiceEnd")
            answer, seen = await receive(ws, "VoiceResponse")
            check_interaction(http, answer["interaction"])
            assert {"state": "thinking"} in [m["data"] for m in seen]
        assert (await receive(ws, "VoiceState"))[0] == {"state": "idle"}
    over_websocket(server, talk)


def test_websocket_partial_text(server, http, spoken):
    pcm = array.array("h", [int(s * 32767) for s in samples_16k(spoken)]).tobytes()

    async def talk(ws):
        await send(ws, "VoiceStart", rate=16000, format="s16le")
        for at in range(0, len(pcm), 3200):
            await ws.send(pcm[at:at + 3200])
        assert len(pcm) > 2 * 32000  # the first second has begun it; there is no need to be quick
        partial, _ = await receive(ws, "Transcript")
        assert partial["final"] is False and partial["text"]
        await send(ws, "VoiceEnd")
        answer, seen = await receive(ws, "VoiceResponse")
        check_interaction(http, answer["interaction"])
        finals = [m["data"]["text"] for m in seen if m["type"] == "Transcript" and m["data"]["final"]]
        assert finals == [answer["interaction"]["transcript"]]
    over_websocket(server, talk)


def test_websocket_cancel_and_errors(server, spoken):
    pcm = array.array("h", [int(s * 32767) for s in samples_16k(spoken)]).tobytes()

    async def talk(ws):
        await ws.send(b"\0\0")
        assert "VoiceStart" in (await receive(ws, "Error"))[0]["message"]
        await send(ws, "VoiceEnd")
        assert "VoiceStart" in (await receive(ws, "Error"))[0]["message"]
        await send(ws, "VoiceStart", rate=7, format="s16le")
        assert "rate" in (await receive(ws, "Error"))[0]["message"]
        await send(ws, "VoiceStart", rate=16000, format="mp3")
        assert "format" in (await receive(ws, "Error"))[0]["message"]
        await send(ws, "VoiceInput", audio_data=["x"])
        assert "audio_data" in (await receive(ws, "Error"))[0]["message"]
        # Cancelled: nothing of it is answered; what is said next is.
        await send(ws, "VoiceStart", rate=16000, format="s16le")
        await ws.send(pcm)
        await send(ws, "Cancel")
        await send(ws, "VoiceStart", rate=16000, format="s16le")
        await ws.send(pcm)
        await send(ws, "VoiceEnd")
        await send(ws, "Cancel")
        await send(ws, "VoiceInput", audio_data=[0.0] * 16000)
        answer, seen = await receive(ws, "VoiceResponse")
        assert answer["interaction"]["transcript"] == "" and answer["interaction"]["intent"] == "Unknown"
        assert [m for m in seen if m["type"] == "VoiceResponse"] == seen[-1:]
    over_websocket(server, talk)


# ---- the command line ----------------------------------------------------------------------------

def run(data, *args, code=0, **more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
    done = subprocess.run([PROGRAM, *args], capture_output=True, timeout=120,
                          env={**clean, "SOTTO_DATA": str(data), "SOTTO_MODELS": str(MODELS),
                               "XDG_CONFIG_HOME": str(data.parent / "no-config"), **SETTINGS, **more})
    assert done.returncode == code, (args, done.returncode, done.stderr.decode())
    return done.stdout, done.stderr.decode()


@pytest.mark.parametrize("served", [False, True])
def test_command_line(tmp_path, server, served):
    data = server.data if served else tmp_path / "none"
    sound = tmp_path / "said.wav"
    run(data, "say", SENTENCE, "-o", str(sound))
    with wave.open(str(sound)) as w:
        assert 2 < w.getnframes() / w.getframerate() < 5
    out, _ = run(data, "transcribe", str(sound))
    assert HEARD in out.decode().lower() and out.endswith(b"\n")
    assert b" --> 00:00:0" in run(data, "transcribe", str(sound), "--format", "srt")[0]
    assert run(data, "transcribe", str(sound), "--format", "vtt")[0].startswith(b"WEBVTT")
    whole = json.loads(run(data, "transcribe", str(sound), "--words", "--language", "en")[0])
    assert whole["words"] and whole["segments"]
    assert run(data, "say", "Hi.", "--format", "flac", "-o", "-")[0].startswith(b"fLaC")
    assert run(data, "say", "Hi.", "-o", str(tmp_path / "a.mp3")) and (tmp_path / "a.mp3").stat().st_size > 500
    assert VOICE in run(data, "say", "--list")[0].decode()
    assert any(v["id"] == VOICE for v in json.loads(run(data, "say", "--list", "--json")[0]))
    assert "zorg" in run(data, "say", "Hi.", "--voice", "zorg", "-o", str(sound), code=3)[1]
    assert "no sound file" in run(data, "transcribe", __file__, code=1)[1]
    run(data, "transcribe", str(tmp_path / "missing.wav"), code=3)
    run(data, "say", code=2)
    run(data, "say", "Hi.", "--format", "midi", "-o", str(sound), code=2)
    assert "-o" in run(data, "say", "Hi.", code=4, PATH=str(tmp_path))[1]  # nothing plays there
    if not served:
        assert not data.exists()  # hearing and speaking open no data


def test_a_model_that_is_missing_says_how_to_get_it(tmp_path, spoken):
    sound = tmp_path / "said.wav"
    sound.write_bytes(spoken)
    (tmp_path / "models").mkdir()
    there = {"SOTTO_MODELS": str(tmp_path / "models"), "SOTTO_SPEECH_MODEL": "auto"}
    assert "sotto models fetch whisper-base" in run(tmp_path, "transcribe", str(sound), code=4, **there)[1]


def test_models_are_let_go(tmp_path, spoken):
    with Server(tmp_path, env={**SETTINGS, "SOTTO_SPEECH_IDLE": "1"}) as running, \
            httpx.Client(base_url=running.url, timeout=120) as client:
        def loaded():
            return f'stt_model_loaded{{model="{EARS}"}} 1' in client.get("/metrics").text
        assert not loaded()
        sent = client.post("/v1/audio/transcriptions", files={"file": ("a.wav", spoken)}, data={"model": EARS})
        assert sent.status_code == 200
        deadline = time.monotonic() + 60
        while loaded():
            assert time.monotonic() < deadline, "the model stayed in memory"
            time.sleep(0.2)
