"""Recordings as documents with the real program: what our own voice says is found, with the second at which it is
said; a recording without speech is no document; another title leaves the words alone."""
import io
import os
import wave

import httpx2 as httpx
import pytest

from server import Server

SETTINGS = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en", "SOTTO_SPEECH_VOICE": "en_US-joe-medium"}
TEXT = ("The plumber comes on Tuesday. He will repair the kitchen sink. "
        "The landlord pays for the new window in March.")
DOCUMENTS = "/api/v1/knowledge/documents"


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), env=SETTINGS) as running:
        with httpx.Client(base_url=running.url, timeout=300) as client:
            yield client


@pytest.fixture(scope="module")
def memo(http):
    sound = http.post("/api/v1/voice/synthesize", json={"text": TEXT, "format": "mp3"})
    assert sound.status_code == 200, sound.text
    got = http.post(DOCUMENTS, files={"file": ("kitchen.mp3", sound.content, "audio/mpeg")})
    assert got.status_code == 201, got.text
    return got.json(), sound.content


def test_words_are_found_with_their_second(http, memo):
    doc, _ = memo
    assert doc["metadata"]["file_type"] == "audio" and doc["metadata"]["language"] == "en"
    found = http.get("/api/v1/knowledge/search", params={"q": "landlord window"}).json()["documents"]
    match = found[0]["matches"][0]
    whole = http.get(f"{DOCUMENTS}/{doc['id']}").json()["content"].encode()
    assert whole[match["start"]:match["end"]].decode() == match["text"]
    assert 0 <= match["time_start"] < match["time_end"] <= 15
    said = http.post("/api/v1/conversations/messages", json={"message": "Who pays for the new window?"}).json()
    cited = said["citations"][0]
    assert whole[cited["start"]:cited["end"]].decode() == cited["text"]
    assert cited["time_start"] >= 1 and cited["time_end"] <= 15  # not the beginning
    shown = http.post("/api/v1/conversations/messages",
                      json={"message": "Show me where it says that.", "session_id": said["session_id"]}).json()
    second = int(cited["time_start"])
    assert f", at {second // 60}:{second % 60:02}:" in shown["response"]
    assert shown["citations"][0]["time_end"] >= cited["time_end"]
    kept = http.get(f"/api/v1/conversations/{said['session_id']}").json()["messages"]
    assert kept[1]["citations"][0]["time_start"] == cited["time_start"]


def test_the_original_can_be_played_in_parts(http, memo):
    doc, sound = memo
    part = http.get(f"{DOCUMENTS}/{doc['id']}/original", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == sound[100:200]


def test_another_title_leaves_words_and_times(http, memo):
    doc, _ = memo
    before = http.get(f"{DOCUMENTS}/{doc['id']}").json()["content"]
    got = http.patch(f"{DOCUMENTS}/{doc['id']}", json={"title": "Repairs"})
    assert got.status_code == 200, got.text
    after = http.get(f"{DOCUMENTS}/{doc['id']}").json()
    assert after["title"] == "Repairs" and after["content"] == before
    found = http.get("/api/v1/knowledge/search", params={"q": "landlord window"}).json()["documents"]
    assert found[0]["matches"][0]["time_end"] > 1


def test_silence_is_no_document(http):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(16000)
        w.writeframes(bytes(64000))
    got = http.post(DOCUMENTS, files={"file": ("quiet.wav", out.getvalue(), "audio/wav")})
    assert got.status_code == 400 and "no speech" in got.json()["detail"]


def test_without_a_model_the_ledger_says_what_to_fetch(tmp_path, memo):
    models = tmp_path / "models"
    models.mkdir()
    there = os.environ["SOTTO_MODELS"]
    for name in os.listdir(there):
        if not name.startswith(("whisper", ".")):
            (models / name).symlink_to(os.path.join(there, name))
    (tmp_path / "data").mkdir()
    with Server(tmp_path / "data", env={"SOTTO_MODELS": str(models), "SOTTO_SPEECH_MODEL": "auto"}) as running:
        with httpx.Client(base_url=running.url, timeout=60) as client:
            got = client.post(DOCUMENTS, files={"file": ("kitchen.mp3", memo[1], "audio/mpeg")})
            assert got.status_code == 503
            entry = client.get("/api/v1/knowledge/ledger").json()["entries"][0]
            assert entry["state"] == "failed" and "models fetch whisper-base" in entry["reason"]
