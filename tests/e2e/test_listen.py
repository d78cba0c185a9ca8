"""`sotto listen` with ALSA's own file device for a microphone and a loudspeaker: no sound card is needed."""
import array
import io
import json
import os
import pty
import re
import subprocess
import wave

import pytest

from patience import SLOWER
from server import MODELS, PROGRAM

VOICE = "en_US-joe-medium"


def run(home, *args, code=0, stderr=None, **more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=stderr or subprocess.PIPE, timeout=120,
                          env={**clean, "SOTTO_DATA": str(home / "data"), "SOTTO_MODELS": str(MODELS),
                               "SOTTO_SPEECH_MODEL": "whisper-tiny.en", "SOTTO_SPEECH_VOICE": VOICE,
                               "XDG_CONFIG_HOME": str(home / "none"), "ALSA_CONFIG_PATH": str(home / "asoundrc"),
                               **more})
    assert done.returncode == code, (args, done.returncode, done.stderr)
    return done.stdout.decode(), (done.stderr or b"").decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A microphone that hears two sentences, and a loudspeaker that writes down what it plays."""
    path = tmp_path_factory.mktemp("listen")
    (path / "asoundrc").write_text(f"""
pcm.words {{ type file slave.pcm {{ type null }} file "/dev/null" infile "{path}/in.raw" format "raw" }}
pcm.loud {{ type file slave.pcm {{ type null }} file "{path}/out.raw" format "raw" }}
""")
    out = array.array("h", [0] * 8000)
    for text in ("What time is it?", "What day is it today?"):
        run(path, "say", text, "-o", str(path / "a.wav"))
        with wave.open(io.BytesIO((path / "a.wav").read_bytes())) as w:
            hz, pcm = w.getframerate(), array.array("h", w.readframes(w.getnframes()))
        out.extend(pcm[int(i * hz / 16000)] for i in range(int(len(pcm) * 16000 / hz)))
        out.extend([0] * 24000)
    (path / "in.raw").write_bytes(out.tobytes())
    return path


def test_lines_and_json(home):
    out, err = run(home, "listen", "--device", "words", "--seconds", "6")
    assert out.splitlines() == ["What time is it?", "What day is it today?"] and not err  # a pipe gets lines, no meter
    out, _ = run(home, "listen", "--device", "words", "--json", "--once")
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1] == {"type": "final", "text": "What time is it?"}
    assert [e for e in events if e["type"] == "partial"] or SLOWER != 1  # a recogniser that is faster than speech


def test_asked_and_answered_aloud(home):
    out, _ = run(home, "listen", "--device", "words", "--output", "loud", "--ask", "--once", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    answer = [e["text"] for e in events if e["type"] == "answer"]
    assert answer and answer[0].startswith("It is ")
    assert (home / "out.raw").stat().st_size > 22050 / 2  # a quarter of a second of it


def test_a_person_sees_words_and_a_meter(home):
    mine, theirs = pty.openpty()
    out, _ = run(home, "listen", "--device", "words", "--once", stderr=theirs, TERM="xterm", NO_COLOR="1")
    os.close(theirs)
    seen = b""
    while True:
        try:
            more = os.read(mine, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(mine)
    rows = re.split("\r\x1b\\[K|\r?\n", seen.decode())
    assert out == "What time is it?\n"
    words = "What.*" if SLOWER == 1 else ".*"  # that appear meanwhile: likewise
    assert any(re.fullmatch(r"\[#+ *\] " + words, row) for row in rows), rows  # the meter moves, words appear
    assert any("Ctrl-C" in row for row in rows)


def test_no_microphone(home, tmp_path):
    _, err = run(home, "listen", "--device", "zorg", code=4)
    assert 'no microphone "zorg"' in err and "--list" in err
    _, err = run(home, "listen", "--list")
    assert "no microphone" in err
    assert run(home, "listen", "--list", "--json")[0].strip() == "[]"
    run(home, "listen", "--seconds", "soon", code=2)
    (tmp_path / "models").mkdir()
    _, err = run(home, "listen", "--device", "words", code=4, SOTTO_MODELS=str(tmp_path / "models"),
                 SOTTO_SPEECH_MODEL="auto")
    assert "sotto models fetch whisper-base" in err
