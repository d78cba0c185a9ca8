"""Live conversations with everything behind them: other machines' voices, what is kept of them, several people at
once, clients that vanish, jobs that hang."""
import asyncio
import threading
import time

import httpx2 as httpx
import pytest

from live_lib import VOICE as LOCAL
from live_lib import Client, Say, has, silence
from patience import longer
from server import Server
from test_access import ANN, BOB, FIRST, House
from voice_server import KEY, VOICE, Voices

BASE = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en"}
KEPT = "/api/v1/voice/interactions"
CLOCK = "What time is it?"


def eleven(voices, **more):
    return {**BASE, "SOTTO_SPEECH_VOICE": f"elevenlabs/{VOICE}", "ELEVENLABS_API_KEY": KEY,
            "ELEVENLABS_BASE_URL": voices.url, **more}


def kept(server, many=1, headers=None):
    """What is kept, as soon as there is so much of it: it comes behind the sound."""
    for _ in range(200):
        page = httpx.get(server.url + KEPT, headers=headers).json()
        if page["total"] >= many:
            return page["interactions"]
        time.sleep(0.05)
    raise AssertionError(page)


def metric(server, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in httpx.get(server.url + "/metrics").text.splitlines()
               if line.startswith(name))


async def ask(c, pcm, **more):
    """One question of a file, and its answer aloud to the end."""
    before = len(c.all("VoiceAudioEnd"))
    await c.send("VoiceStart", rate=16000, format="s16le", speak=True, **more)
    await c.feed(pcm)
    await c.send("VoiceEnd")
    await c.until(lambda: len(c.all("VoiceAudioEnd")) > before)
    await c.until(lambda: c.states()[-1] == "idle")


def test_another_machines_voice_answers_and_it_is_kept(tmp_path):
    async def talk(server, say, v):
        async with Client(server) as c:
            await ask(c, say("What day is it today?"))
            begun, answer = c.all("VoiceAudio")[0], c.all("VoiceResponse")[0]["interaction"]
            assert begun["voice"] == f"elevenlabs/{VOICE}" and begun["backend"] == "elevenlabs"
            assert begun["cached"] is False and "fallback" not in begun and begun["rate"] == 22050
            said = v.texts()
            assert said and answer["response"].startswith(said[0][:10])
            row = kept(server)[0]
            assert row["id"] == answer["id"] == begun["interaction"] and row["transcript"] == answer["transcript"]
            assert "spoken" not in answer  # it is sent before the sound
            spoken, stages = row["spoken"], row["stages"]
            assert spoken["voice"] == f"elevenlabs/{VOICE}" and spoken["speed"] == 1 and not spoken["cached"]
            sound = sum(len(s["data"]) for _, s in c.seen if s["type"] == "sound") / 2 / 22050
            assert abs(spoken["seconds"] - sound) < 0.01 and c.all("VoiceAudioEnd")[0]["reason"] == "done"
            assert 0 < stages["speak_ms"] <= stages["first_sound_ms"]
            assert stages["answer_ms"] <= stages["first_sound_ms"]
            await ask(c, say("What day is it today?"))  # the same words: nothing is sent there again
            assert c.all("VoiceAudio")[1]["cached"] is True and v.texts() == said
            assert kept(server, 2)[0]["spoken"]["cached"] is True
            await ask(c, say(CLOCK), voice=LOCAL)
            assert c.all("VoiceAudio")[2]["voice"] == LOCAL and c.all("VoiceAudio")[2]["backend"] == "piper"
            assert not c.all("Error")
        # with its conversation it goes
        session = kept(server, 3)[0]["session_id"]
        assert httpx.delete(server.url + f"/api/v1/conversations/{session}").status_code == 204
        assert httpx.get(server.url + KEPT).json()["total"] < 3
    with Voices() as v, Server(tmp_path, env=eleven(v)) as server:
        asyncio.run(talk(server, Say(server.url), v))


def test_when_it_cannot_a_voice_of_this_machine_answers(tmp_path):
    async def talk(server, say, v):
        async with Client(server) as c:
            await ask(c, say(CLOCK))
            begun = c.all("VoiceAudio")[0]
            assert begun["voice"] == LOCAL and "refuses the key" in begun["fallback"] and KEY not in begun["fallback"]
            assert c.all("VoiceAudioEnd")[0]["reason"] == "done" and not c.all("Error")
            assert "refuses the key" in kept(server)[0]["spoken"]["fallback"]
            # named by the client: that one, or an error; what was answered is kept all the same
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True, voice=f"elevenlabs/{VOICE}")
            await c.feed(say(CLOCK))
            await c.send("VoiceEnd")
            await c.until(lambda: c.all("Error"))
            assert "refuses the key" in c.all("Error")[0]["message"] and len(c.all("VoiceAudio")) == 1
            assert "spoken" not in kept(server, 2)[0]
    with Voices(key="another") as v, Server(tmp_path, env=eleven(v)) as server:
        asyncio.run(talk(server, Say(server.url), v))


def test_barge_in_ends_a_slow_foreign_voice(tmp_path):
    """The connection to it is given up, and what was said into it is heard in full."""
    def drip(h):
        h.chunks(b"\1\0" * 22050 * 60, "audio/pcm", size=4410, pause=0.1)

    async def talk(server, say):
        async with Client(server) as c:
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300)
            await c.feed(say("What can you do?") + silence(0.8))
            await c.until(lambda: len(c.all("sound")) > 3)
            await c.feed(silence(0.2) + say(CLOCK) + silence(1), pace=1, seconds=0.02)
            await c.until(lambda: len(c.finals()) == 2)
            assert c.all("VoiceAudioEnd")[0]["reason"] == "interrupted" and has(c.finals()[1], "what time is it")
            await c.until(lambda: len(c.all("VoiceAudioEnd")) == 2)
            assert c.all("VoiceAudioEnd")[1]["reason"] == "done" and not c.all("Error")
            first = kept(server, 2)[1]  # as far as it was made
            assert 0.1 < first["spoken"]["seconds"] < 20
    with Voices(drip) as v, Server(tmp_path, env=eleven(v)) as server:
        asyncio.run(talk(server, Say(server.url)))


def test_a_job_that_hangs_is_given_up(tmp_path):
    release = threading.Event()

    def hang(h):
        release.wait(longer(60))
        h.answer(200, b"", "audio/pcm")

    async def talk(server, say):
        async with Client(server) as c, Client(server) as other:
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True)
            await c.feed(say(CLOCK))
            await c.send("VoiceEnd")
            await c.until(lambda: c.all("Error"))
            assert c.all("Error")[0]["code"] == "UNAVAILABLE" and "takes too long" in c.all("Error")[0]["message"]
            assert c.all("VoiceResponse") and not c.all("VoiceAudio")  # the words were there
            await c.until(lambda: c.states()[-1] == "idle")
            assert metric(server, 'jobs_hung_total{job="spoken answer"}') == 1
            await ask(other, say(CLOCK), voice=LOCAL)  # and everybody is answered
            await ask(c, say(CLOCK), voice=LOCAL)
            assert not other.all("Error") and len(c.all("Error")) == 1
            release.set()
    with Voices(hang) as v, Server(tmp_path, env=eleven(v, SOTTO_JOB_LIMIT=str(longer(2)), SOTTO_SPEECH_TIMEOUT=str(longer(60)),
                                                        SOTTO_THREADS="2")) as server:
        try:
            asyncio.run(talk(server, Say(server.url)))
        finally:
            release.set()


# ---- several people ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--rate-address", "0", "--rate-token", "0", env=BASE) as server:
        yield House(server)


def test_two_people_at_once_hear_nothing_of_each_other(house):
    """At the same moment both ask the same words in their own homes, and tell different things."""
    facts = {ANN: "olivia", BOB: "frederick"}
    people = {ANN: house.ann, BOB: house.bob}
    say = Say(house.url, house.ann.headers)

    async def one(name):
        async with Client(house.server, people[name].headers) as c:
            for words in (f"Remember that my dentist is {facts[name].title()}.", "Who is my dentist?"):
                await ask(c, say(words))
            other = facts[BOB if name == ANN else ANN]
            answers = [a["interaction"]["response"] for a in c.all("VoiceResponse")]
            assert has(answers[1], facts[name]) and not [a for a in answers if has(a, other)], (answers, c.finals())
            assert other not in str([m for _, m in c.seen if m["type"] != "sound"]).lower()
            assert len(c.all("VoiceAudio")) == 2 and not c.all("Error")
            return [a["interaction"]["id"] for a in c.all("VoiceResponse")]

    async def both():
        return await asyncio.gather(one(ANN), one(BOB))
    ids = dict(zip((ANN, BOB), asyncio.run(both())))
    for name, caller in people.items():
        rows = kept(house, 2, caller.headers)
        assert [r["id"] for r in rows] == ids[name][::-1]
        theirs = ids[BOB if name == ANN else ANN]
        for way in ("GET", "DELETE"):
            assert caller(way, f"{KEPT}/{theirs[0]}").status_code == 404
    assert house.first.ok("GET", KEPT)["total"] == 0
    assert house.ann.ok("DELETE", KEPT) == {"deleted": 2} and house.bob.ok("GET", KEPT)["total"] == 2


def test_who_is_removed_is_heard_no_longer(tmp_path):
    with Server(tmp_path, "--rate-address", "0", env=BASE) as server:
        house = House(server)
        say = Say(server.url, house.bob.headers)
        words = say("Remember that my manager is Olivia.")

        async def talk():
            async with Client(server, house.ann.headers) as c:
                await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True)
                await c.feed(words)
                path = f"/api/v1/people/{house.ids[ANN]}?confirm={ANN}"
                assert house.first("DELETE", path).status_code == 204
                await asyncio.wait_for(c.ws.wait_closed(), 30)
                assert not c.all("VoiceResponse")
            async with Client(server, house.bob.headers) as c:
                await ask(c, say(CLOCK))
                assert has(c.finals()[0], "time is it")
        asyncio.run(talk())
        assert house.first.ok("GET", KEPT)["total"] == 0
        assert FIRST in str(house.first.ok("GET", "/api/v1/people"))


# ---- clients that vanish -------------------------------------------------------------------------

def test_clients_that_vanish_at_any_moment(tmp_path):
    """Without a goodbye, in every state; the server hears and answers the next one, and holds nothing of them."""
    async def vanish(server, say, state):
        async with Client(server) as c:
            await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300)
            if state == "hearing":
                await c.feed(say(CLOCK)[:30000])
                await c.until(lambda: "hearing" in c.states())
            elif state != "listening":
                await c.feed(say("What can you do?") + silence(0.8))
                await c.until(lambda: state in c.states())
            c.ws.transport.abort()
            with pytest.raises(Exception):
                await c.reader

    async def talk(server, say):
        for _ in range(2):
            await asyncio.gather(*[vanish(server, say, s) for s in ("listening", "hearing", "thinking", "speaking")])
        async with Client(server) as c:
            await ask(c, say(CLOCK))
            assert c.all("VoiceAudioEnd")[0]["reason"] == "done" and not c.all("Error")
    with Server(tmp_path, env={**BASE, "SOTTO_SPEECH_VOICE": LOCAL}) as server:
        say = Say(server.url)
        asyncio.run(talk(server, say))
        for _ in range(100):
            if metric(server, "ws_connections") == 0:
                break
            time.sleep(0.1)
        assert metric(server, "ws_connections") == 0 and metric(server, "jobs_hung_total") == 0
        assert metric(server, "voice_interactions_lost_total") == 0


def test_cancel_at_any_moment_listens_again(tmp_path):
    """While it is heard, thought about and spoken: nothing of it comes any more, and the next words are whole."""
    async def talk(server, say):
        for state in ("hearing", "thinking", "speaking"):
            async with Client(server) as c:
                await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300)
                pcm = say("What can you do?")
                await c.feed(pcm[:len(pcm) // 2] if state == "hearing" else pcm + silence(0.8))
                await c.until(lambda state=state: state in c.states())
                await c.send("Cancel")
                if state == "hearing":  # nothing was on its way: that was all
                    await c.until(lambda: c.states()[-1] == "idle")
                    await c.send("VoiceStart", rate=16000, format="s16le", speak=True, continuous=True, silence_ms=300)
                await c.until(lambda: c.states()[-1] == "listening")
                sounds, answers = len(c.all("sound")), len(c.all("VoiceResponse"))
                await asyncio.sleep(0.3)
                assert (len(c.all("sound")), len(c.all("VoiceResponse"))) == (sounds, answers)
                heard = len(c.finals())
                await c.feed(say(CLOCK) + silence(1))
                await c.until(lambda: len(c.finals()) > heard and c.all("VoiceAudio"))
                assert has(c.finals()[-1], "what time is it") and not c.all("Error")
    with Server(tmp_path, env={**BASE, "SOTTO_SPEECH_VOICE": LOCAL}) as server:
        asyncio.run(talk(server, Say(server.url)))
