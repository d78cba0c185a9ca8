"""A spoken question answered aloud with the network taken away: files in, files out, in a name space that has no
device at all. And espeak's voice, which asks no sound server and opens no sound device."""
import os
import socket
import subprocess

import pytest

from server import MODELS, PROGRAM

SPACES = (["unshare", "-n"], ["unshare", "-rn"])


def without_network():
    for how in SPACES:
        if subprocess.run([*how, "true"], capture_output=True).returncode == 0:
            return how
    pytest.skip("this machine allows no network name spaces (unshare -n)")


def test_a_spoken_question_without_a_network(tmp_path):
    how = without_network()
    home = tmp_path / "home"
    home.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOTTO_", "XDG_", "PULSE"))}
    env = {**clean, "SOTTO_DATA": str(tmp_path / "data"), "SOTTO_MODELS": str(MODELS), "HOME": str(home),
           "SOTTO_SPEECH_MODEL": "whisper-tiny.en"}

    def run(*args):
        done = subprocess.run([*how, PROGRAM, *args], capture_output=True, timeout=120, env=env)
        assert done.returncode == 0, (args, done.stderr.decode())
        return done.stdout.decode()
    devices = subprocess.run([*how, "cat", "/proc/net/dev"], capture_output=True, text=True).stdout
    assert [line.split(":")[0].strip() for line in devices.splitlines()[2:]] == ["lo"]
    notes = tmp_path / "notes.md"
    notes.write_text("# Boiler\n\nThe boiler was serviced on 3 March 2026. The technician was Mr. Hansen.\n")
    run("add", str(notes))
    question, answer = str(tmp_path / "question.wav"), str(tmp_path / "answer.wav")
    run("say", "When was the boiler serviced?", "-o", question)
    assert "march" in run("ask", "--audio", question, "-o", answer).lower()
    assert "march" in run("transcribe", answer).lower()
    assert list(home.rglob("*")) == []


def test_espeak_speaks_into_the_file_alone(tmp_path):
    """Its library would play by itself: here is a sound server that would notice, and a sound device that would."""
    home, played = tmp_path / "home", tmp_path / "played.raw"
    home.mkdir()
    (tmp_path / "asoundrc").write_text(
        f'pcm.!default {{ type file slave.pcm {{ type null }} file "{played}" format "raw" }}\n')
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOTTO_", "XDG_", "PULSE"))}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "native"))
        server.listen()
        server.settimeout(0.2)
        env = {**clean, "SOTTO_DATA": str(tmp_path / "data"), "SOTTO_MODELS": str(tmp_path / "none"), "HOME": str(home),
               "PULSE_SERVER": f"unix:{tmp_path}/native", "ALSA_CONFIG_PATH": str(tmp_path / "asoundrc")}
        out = tmp_path / "said.wav"
        done = subprocess.run([PROGRAM, "say", "There is no natural voice here.", "-o", str(out)], capture_output=True,
                              timeout=60, env=env)
        assert done.returncode == 0, done.stderr
        assert out.stat().st_size > 20000 and not played.exists() and list(home.rglob("*")) == []
        with pytest.raises(TimeoutError):
            server.accept()
