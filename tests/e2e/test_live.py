"""Conversations by sound over the WebSocket: ends found by the server, several utterances in one stream, spoken
answers, interruptions, and everything that a microphone, a network and a client can do wrong. Deadlines are generous:
tests/bench/voice/live.py measures, this checks."""
import array
import asyncio
import io
import math
import random
import time
import wave

import httpx2 as httpx
import pytest

from live_lib import VOICE, Say, has, run, silence
from patience import SLOWER
from server import Server

SETTINGS = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en", "SOTTO_SPEECH_VOICE": VOICE}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), env=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def say(server):
    return Say(server.url)


def test_the_server_finds_the_end(server, say):
    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le")
        await c.feed(silence(0.5) + say("Remind me to call the bank tomorrow at nine.") + silence(2), pace=1)
        await c.until(lambda: c.states()[-1:] == ["idle"])
        assert c.states() == ["listening", "hearing", "thinking", "idle"]
        assert len(c.finals()) == 1 and has(c.finals()[0], "call the bank")
        answer = c.all("VoiceResponse")[0]["interaction"]
        assert answer["transcript"] == c.finals()[0] and "call the bank" in answer["response"].lower()
        partial = [t for t in c.all("Transcript") if not t["final"]]
        assert partial or SLOWER != 1  # words that appear meanwhile: by a recogniser that is faster than speech
        assert all(t["text"].startswith(t["settled"]) for t in partial)
        settled = [t["settled"] for t in partial]
        assert all(b.startswith(a) for a, b in zip(settled, settled[1:]))  # words that were settled stay
        await c.feed(silence(0.5))  # what comes afterwards is no error
        await c.send("VoiceEnd")
        await c.send("Cancel")
        await c.until(lambda: c.states()[-2:] == ["idle", "idle"])
        assert not c.all("Error")
    run(talk, server)


def test_whole_words_need_no_long_silence(server, say):
    """Silence is set so long that it cannot have ended them: a question and a command that have all they need."""
    async def talk(c):
        for words, answer in (("What day is it today?", "that is"), ("Remind me to call the bank tomorrow at nine.", "bank")):
            n = len(c.all("VoiceResponse"))
            await c.send("VoiceStart", rate=16000, format="s16le", silence_ms=8000)
            await c.feed(silence(0.4) + say(words) + silence(4), pace=1, seconds=0.02)
            if SLOWER != 1:  # silence is counted in sound: there is no more of it
                await c.until(lambda: len(c.all("VoiceResponse")) > n)
            assert len(c.all("VoiceResponse")) == n + 1, c.states()
            assert has(c.all("VoiceResponse")[-1]["interaction"]["response"], answer)
            await c.until(lambda: c.states()[-1] == "idle")
    run(talk, server)


def test_two_utterances_in_one_stream(server, say):
    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le", continuous=True, silence_ms=400, partials=False)
        await c.feed(say("What time is it?") + silence(1.5) + say("What can you do?") + silence(1.5))
        await c.until(lambda: len(c.all("VoiceResponse")) == 2)
        await c.until(lambda: c.states()[-1] == "listening")
        assert has(c.finals()[0], "time is it") and has(c.finals()[1], "what can you do")
        ids = {a["interaction"]["session_id"] for a in c.all("VoiceResponse")}
        assert len(ids) == 1  # one conversation
        assert not [t for t in c.all("Transcript") if not t["final"]]
        await c.send("VoiceEnd")
        await c.until(lambda: c.states()[-1] == "idle")
    run(talk, server)


def test_a_file_is_not_cut_at_its_pauses(server, say):
    """Pushed faster than anybody speaks: all of it is one thing said."""
    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le", partials=False)
        await c.feed(say("What time is it?") + silence(0.9) + say("What can you do?"))
        await c.send("VoiceEnd")
        await c.until(lambda: c.all("VoiceResponse"))
        assert len(c.finals()) == 1 and has(c.finals()[0], "time is it", "can you do")
    run(talk, server)


def test_what_nobody_said(server):
    rng = random.Random(5)
    n = 3 * 16000
    noise = array.array("h", [int(rng.gauss(0, 0.05) * 32767) for _ in range(n)]).tobytes()
    hum = array.array("h", [int(9000 * math.sin(2 * math.pi * 120 * i / 16000)) for i in range(n)]).tobytes()

    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le", continuous=True)
        await c.feed(silence(20) + noise + hum + silence(1))
        await c.send("VoiceEnd")
        await c.until(lambda: c.states()[-1:] == ["idle"])
        assert not [t for t in c.all("Transcript") if t["text"]] and not c.all("VoiceResponse")
        for sound in (b"", silence(0.3), noise[:9600], b"\1"):  # said to be over: it is answered that nothing was heard
            before = len(c.all("VoiceResponse"))
            await c.send("VoiceStart", rate=16000, format="s16le")
            if sound:
                await c.ws.send(sound)
            await c.send("VoiceEnd")
            await c.until(lambda: len(c.all("VoiceResponse")) > before)
            assert c.all("VoiceResponse")[-1]["interaction"]["transcript"] == ""
        assert not c.all("Error")
    run(talk, server)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_rates_and_odd_pieces(server, say, rate):
    async def talk(c):
        pcm = say("Remind me to call the bank tomorrow at nine.", rate)
        rng = random.Random(rate)
        await c.send("VoiceStart", rate=rate, format="s16le", partials=False)
        at = 0
        while at < len(pcm):
            n = rng.choice([1, 3, 7, 333, 1021, 4801])
            await c.ws.send(pcm[at:at + n])
            at += n
        await c.send("VoiceEnd")
        await c.until(lambda: c.all("VoiceResponse"))
        assert has(c.finals()[0], "call the bank tomorrow"), c.finals()
    run(talk, server)


def test_cut_off_words_and_short_clips(server, say):
    async def talk(c):
        whole = say("Remind me to call the bank tomorrow at nine.")
        for seconds in (0.3, 0.5, 0.8):
            before = len(c.finals())
            await c.send("VoiceStart", rate=16000, format="s16le", partials=False)
            await c.ws.send(whole[:int(seconds * 16000) * 2])
            await c.send("VoiceEnd")
            await c.until(lambda: len(c.finals()) > before)
            assert len(c.finals()[-1]) < 40  # a word or two, never a sentence made up
            await c.until(lambda: c.states()[-1] == "idle")
    run(talk, server)


def test_a_spoken_answer_keeps_time(server, say):
    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le", speak=True, voice=VOICE)
        await c.feed(say("What day is it today?"))
        await c.send("VoiceEnd")
        await c.until(lambda: c.all("VoiceAudioEnd"))
        begun, end = c.all("VoiceAudio")[0], c.all("VoiceAudioEnd")[0]
        assert begun["format"] == "s16le" and begun["rate"] == 22050
        assert begun["interaction"] == c.all("VoiceResponse")[0]["interaction"]["id"]
        pieces = [(at, m["data"]) for at, m in c.seen if m["type"] == "sound"]
        seconds = sum(len(d) for _, d in pieces) / 2 / 22050
        assert end["reason"] == "done" and abs(end["played_ms"] / 1000 - seconds) < 0.1 and seconds > 1
        came, first = 0, pieces[0][0]
        for at, d in pieces:  # never more than the lead ahead of what is played
            came += len(d) / 2 / 22050
            assert came - (at - first) < 0.2 + 0.04 + 0.15
        await c.until(lambda: c.states()[-1] == "idle")
        assert c.states()[-2] == "speaking"
        out = io.BytesIO()
        with wave.open(out, "wb") as w:
            w.setnchannels(1)
            w.setsampwidth(2)
            w.setframerate(22050)
            w.writeframes(b"".join(d for _, d in pieces))
        heard = httpx.post(server.url + "/v1/audio/transcriptions", files={"file": ("a.wav", out.getvalue())},
                           data={"model": "whisper-1"}, timeout=60).json()["text"]
        said = c.all("VoiceResponse")[0]["interaction"]["response"].lower().split()
        assert sum(w.strip(",.") in heard.lower() for w in said) > 0.6 * len(said), (heard, said)
    run(talk, server)


async def long_answer(c, say):
    """Begins one that lasts for seconds; returns when it sounds. The stream stays open."""
    await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300)
    await c.feed(say("What can you do?") + silence(0.8))
    await c.until(lambda: len(c.all("sound")) > 3)


def test_speech_interrupts_and_is_heard_in_full(server, say):
    async def talk(c):
        await long_answer(c, say)
        words = silence(0.2) + say("What time is it?") + silence(1)
        await c.feed(words, pace=1, seconds=0.02)
        await c.until(lambda: len(c.finals()) == 2)
        assert c.all("VoiceAudioEnd")[0]["reason"] == "interrupted"
        stop = [at for at, m in c.seen if m["type"] == "VoiceAudioEnd"][0]
        second = [at for at, m in c.seen if m["type"] == "VoiceAudio"][1:]
        assert not [1 for at, m in c.seen if m["type"] == "sound" and at > stop and (not second or at < second[0])]
        assert has(c.finals()[1], "what time is it"), c.finals()
        await c.until(lambda: len(c.all("VoiceAudioEnd")) == 2)
        assert c.all("VoiceAudioEnd")[1]["reason"] == "done" and "It is" in \
            c.all("VoiceResponse")[1]["interaction"]["response"]
    run(talk, server)


def test_cancel_stops_and_listens_again(server, say):
    async def talk(c):
        await long_answer(c, say)
        asked = time.monotonic()
        await c.send("Cancel")
        await c.until(lambda: c.all("VoiceAudioEnd"))
        assert c.all("VoiceAudioEnd")[0]["reason"] == "cancelled"
        assert [at for at, m in c.seen if m["type"] == "VoiceAudioEnd"][0] - asked < 2
        await c.until(lambda: c.states()[-1] == "listening")
        await c.feed(say("What time is it?") + silence(1))
        await c.until(lambda: len(c.finals()) == 2)
        assert has(c.finals()[1], "what time is it")
    run(talk, server)


def test_its_own_echo_does_not_interrupt(server, say):
    """What an echo canceller leaves of the answer: the same words 40 dB down, in a little noise."""
    rng = random.Random(2)

    async def talk(c):
        await long_answer(c, say)
        echo = array.array("h", say("I can keep tasks, set timers and find things in your documents."))
        rest = array.array("h", [int(s / 100 + rng.gauss(0, 3)) for s in echo]).tobytes()
        await c.feed(rest, pace=1, seconds=0.05)
        assert not c.all("VoiceAudioEnd") and len(c.finals()) == 1 and c.states()[-1] == "speaking"
    run(talk, server)


def test_a_cough_does_not_interrupt(server, say):
    async def talk(c):
        await long_answer(c, say)
        rng = random.Random(3)
        cough = array.array("h", [int(rng.gauss(0, 1) * 9000 * math.exp(-i / 600)) for i in range(3200)]).tobytes()
        await c.feed(silence(0.3) + cough + silence(0.6), pace=1, seconds=0.02)
        assert not c.all("VoiceAudioEnd") and c.states()[-1] == "speaking"
    run(talk, server)


def test_a_client_that_goes_away_and_two_at_once(server, say):
    async def gone(c):
        await long_answer(c, say)
    run(gone, server)  # closed in the middle of its answer

    async def talk(a, b):
        for c in (a, b):
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True)
        await asyncio.gather(a.feed(say("What time is it?") + silence(1), pace=1),
                             b.feed(say("What day is it today?") + silence(1), pace=1))
        for c, words in ((a, "time is it"), (b, "day is it")):
            await c.until(lambda c=c: c.all("VoiceAudioEnd"))
            assert has(c.finals()[0], words) and c.all("VoiceAudioEnd")[0]["reason"] == "done"
            assert not c.all("Error")
    run(talk, server, clients=2)


def test_what_is_refused(server, say):
    bad = [({"rate": 7}, "rate"), ({"rate": "x"}, "rate"), ({"format": "mp3"}, "format"),
           ({"silence_ms": 10}, "silence_ms"), ({"preroll_ms": 9000}, "preroll_ms"), ({"speed": 9}, "data.speed"),
           ({"continuous": "yes"}, "continuous"), ({"speak": 1}, "speak"), ({"voice": 5}, "voice"),
           ({"session_id": "x"}, "session_id")]

    async def talk(c):
        await c.ws.send(b"\0\0")
        await c.until(lambda: c.all("Error"))
        for data, word in bad:
            n = len(c.all("Error"))
            await c.send("VoiceStart", **data)
            await c.until(lambda: len(c.all("Error")) > n)
            assert word in c.all("Error")[-1]["message"] and c.all("Error")[-1]["code"] == "VALIDATION_ERROR"
        await c.send("VoiceStart", rate=16000, format="s16le")
        await c.ws.send(silence(125))
        await c.until(lambda: c.all("Error")[-1]["code"] == "TOO_LARGE")
        n = len(c.all("Error"))
        await c.send("VoiceStart", rate=16000, format="s16le", speak=True, voice="zorg")
        await c.feed(say("What time is it?"))
        await c.send("VoiceEnd")
        await c.until(lambda: len(c.all("Error")) > n)  # heard and answered, but not aloud
        assert "zorg" in c.all("Error")[-1]["message"] and c.all("VoiceResponse")
    run(talk, server)


def test_stages_are_measured(server, say):
    async def talk(c):
        await c.send("VoiceStart", rate=16000, format="s16le", speak=True)
        await c.feed(say("What time is it?") + silence(1.2), pace=1)
        await c.until(lambda: c.all("VoiceAudioEnd"))
    run(talk, server)
    page = httpx.get(server.url + "/metrics").text
    for stage in ("endpoint", "hear", "final", "answer", "speak", "sound"):
        line = [x for x in page.splitlines() if x.startswith(f'voice_stage_seconds_count{{stage="{stage}"}}')]
        assert line and float(line[0].split()[-1]) >= 1, stage
