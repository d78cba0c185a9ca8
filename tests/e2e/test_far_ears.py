"""Another server hears: a second Sotto behind stt_backend openai; when it has gone, the model here does."""
import os

import httpx2 as httpx
import pytest

from server import Server

VOICE = {"SOTTO_SPEECH_VOICE": "en_US-joe-medium"}
TEXT = "The plumber comes on Tuesday. He will repair the kitchen sink."


def models_without_whisper(folder):
    folder.mkdir()
    there = os.environ["SOTTO_MODELS"]
    for name in os.listdir(there):
        if not name.startswith(("whisper", ".")):
            (folder / name).symlink_to(os.path.join(there, name))
    return str(folder)


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("far"), env={**VOICE, "SOTTO_SPEECH_MODEL": "whisper-tiny.en"}) as running:
        yield running


@pytest.fixture(scope="module")
def sound(far):
    got = httpx.post(f"{far.url}/api/v1/voice/synthesize", json={"text": TEXT, "format": "wav"}, timeout=60)
    assert got.status_code == 200, got.text
    return got.content


def transcribe(client, sound, **more):
    return client.post("/v1/audio/transcriptions", files={"file": ("a.wav", sound, "audio/wav")},
                       data={"model": "whisper-1", "response_format": "verbose_json", **more})


def requests(client, outcome):
    name = f'stt_server_requests_total{{outcome="{outcome}"}} '
    lines = [line for line in client.get("/metrics").text.splitlines() if name in line]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else 0


def test_the_other_server_hears(far, sound, tmp_path):
    (tmp_path / "data").mkdir()
    env = {**VOICE, "SOTTO_STT_BACKEND": "openai", "OPENAI_BASE_URL": f"{far.url}/v1",
           "SOTTO_MODELS": models_without_whisper(tmp_path / "models"), "SOTTO_SPEECH_MODEL": "auto"}
    with httpx.Client(base_url=far.url, timeout=60) as client:
        own = transcribe(client, sound, **{"timestamp_granularities[]": ["word", "segment"]}).json()
    with Server(tmp_path / "data", env=env) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        got = transcribe(client, sound, **{"timestamp_granularities[]": ["word", "segment"]})
        assert got.status_code == 200, got.text
        got = got.json()
        assert got["text"] == own["text"] and "plumber" in got["text"]
        assert [w["word"] for w in got["words"]] == [w["word"] for w in own["words"]]
        for mine, theirs in zip(got["words"], own["words"]):
            assert abs(mine["start"] - theirs["start"]) < 0.05
        assert requests(client, "ok") == 1
        memo = client.post("/api/v1/knowledge/documents", files={"file": ("memo.wav", sound, "audio/wav")})
        assert memo.status_code == 201 and "kitchen sink" in memo.json()["content"]
        assert requests(client, "ok") == 2 and requests(client, "failed") == 0


def test_when_it_has_gone_the_model_here_hears(sound, tmp_path):
    (tmp_path / "data").mkdir()
    env = {**VOICE, "SOTTO_STT_BACKEND": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
           "SOTTO_SPEECH_MODEL": "whisper-tiny.en", "OPENAI_API_KEY": "sk-not-to-be-seen"}
    with Server(tmp_path / "data", env=env) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        got = transcribe(client, sound)
        assert got.status_code == 200 and "plumber" in got.json()["text"]
        metrics = client.get("/metrics").text
        assert "stt_fallbacks_total 1" in metrics
        assert "sk-not-to-be-seen" not in metrics
