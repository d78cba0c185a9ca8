"""Recordings as documents with the real program: what our own voice says is found, with the second at which it is
said; a recording without speech is no document; another title leaves the words alone."""
import io
import os
import time
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


def test_a_silence_before_the_words_is_no_part_of_them(http):
    sound = http.post("/api/v1/voice/synthesize",
                      json={"text": "The dentist moved the appointment to Friday morning.", "format": "wav"})
    with wave.open(io.BytesIO(sound.content)) as w:
        params, frames = w.getparams(), w.readframes(w.getnframes())
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setparams(params)
        w.writeframes(bytes(2 * 12 * params.framerate))
        w.writeframes(frames)
    got = http.post(DOCUMENTS, files={"file": ("dentist.wav", out.getvalue(), "audio/wav")})
    assert got.status_code == 201, got.text
    found = http.get("/api/v1/knowledge/search", params={"q": "dentist appointment"}).json()["documents"]
    match = next(d for d in found if d["id"] == got.json()["id"])["matches"][0]
    assert 11 <= match["time_start"] <= 13 and match["time_start"] < match["time_end"] <= 17


def test_silence_is_no_document(http):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(16000)
        w.writeframes(bytes(64000))
    got = http.post(DOCUMENTS, files={"file": ("quiet.wav", out.getvalue(), "audio/wav")})
    assert got.status_code == 400 and "no speech" in got.json()["detail"]


def speak(http, text, kind="mp3"):
    sound = http.post("/api/v1/voice/synthesize", json={"text": text, "format": kind})
    assert sound.status_code == 200, sound.text
    return sound.content


def with_tags(mp3, title, artist, date):
    """The same with an ID3v2.4 tag in front."""
    frames = b""
    for name, value in ((b"TIT2", title), (b"TPE1", artist), (b"TDRC", date)):
        body = b"\3" + value.encode()  # UTF-8
        frames += name + bytes([0, 0, len(body) >> 7, len(body) & 127, 0, 0]) + body
    return b"ID3\4\0\0" + bytes([0, 0, len(frames) >> 7, len(frames) & 127]) + frames + mp3


def test_the_files_own_title_and_author_are_the_documents(http):
    sound = with_tags(speak(http, "The roof needs new tiles before the winter."), "Visit of the roofer, part 2",
                      "Anna Berg", "2026-03-14")
    got = http.post(DOCUMENTS, files={"file": ("rec0007.mp3", sound, "audio/mpeg")})
    assert got.status_code == 201, got.text
    doc = http.get(f"{DOCUMENTS}/{got.json()['id']}").json()
    assert doc["title"] == "Visit of the roofer, part 2" and doc["metadata"]["author"] == "Anna Berg"
    assert "tiles" in doc["content"] and str(doc["metadata"]).find("2026-03-14") >= 0
    named = http.post(DOCUMENTS, files={"file": ("a.mp3", sound + b"\0", "audio/mpeg")}, data={"title": "The roof"})
    assert named.json()["title"] == "The roof"


def test_a_watched_recording_that_changes_is_heard_again(http, tmp_path):
    folder, path = tmp_path / "memos", "/api/v1/knowledge/folders"
    folder.mkdir()
    (folder / "week.mp3").write_bytes(speak(http, "On Monday the chimney sweep comes to the house."))
    made = http.post(path, json={"path": str(folder)})
    assert made.status_code == 201, made.text

    def heard(words):
        end = time.monotonic() + 120
        while True:
            found = http.get("/api/v1/knowledge/search", params={"q": words, "mode": "keyword"}).json()["documents"]
            if found:
                return found
            assert time.monotonic() < end, http.get(f"{path}/{made.json()['id']}").text
            time.sleep(0.2)
    first = heard("chimney sweep")[0]
    (folder / "week.mp3").write_bytes(speak(http, "On Friday the gardener cuts the apple trees."))
    second = heard("gardener")[0]
    assert second["id"] == first["id"] and "time_start" in second["matches"][0]
    assert not [d for d in http.get("/api/v1/knowledge/search", params={"q": "chimney", "mode": "keyword"})
                .json()["documents"] if d["id"] == first["id"]]
    assert http.delete(f"{path}/{made.json()['id']}").status_code in (200, 204)


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
