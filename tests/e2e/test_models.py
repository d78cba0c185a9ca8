"""sotto models: a mirror that truncates, resumes, lies, is full or away. Nothing wrong is installed."""
import hashlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from server import MODELS, PROGRAM

NAME = "all-MiniLM-L6-v2"
FILES = {f: MODELS / NAME / f for f in ("model.safetensors", "vocab.txt")}


class Mirror(http.server.ThreadingHTTPServer):
    """Serves the two real files; `act` says how the next answers are spoilt."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.act, self.seen, self.token = {}, [], None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/mirror"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        act = self.server.act.get(name, {})
        self.server.seen.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if act.get("status") or name not in FILES:
            self.send_error(act.get("status", 404))
            return
        data = FILES[name].read_bytes()
        if "wrong" in act:
            data = data[:1000] + b"X" + data[1001:]
        wanted = self.headers.get("Range")
        start = 0
        if wanted and not act.get("no_range"):
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if "cut" in act:
            body = body[:act["cut"]]
            if act.pop("once", False):
                self.server.act.pop(name)
        for at in range(0, len(body), 1 << 20):
            try:
                self.wfile.write(body[at:at + (1 << 20)])
                time.sleep(act.get("slow", 0))
            except OSError:
                return
        if len(body) < len(data) - start:
            self.close_connection = True


@pytest.fixture
def mirror():
    m = Mirror()
    yield m
    m.shutdown()


def sotto(folder, *args, url=None, **extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
    env |= {"SOTTO_MODELS": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder), **extra}
    if url:
        env["SOTTO_MODELS_URL"] = url
    return subprocess.run([PROGRAM, "models", *args], env=env, capture_output=True, text=True, timeout=300)


def installed(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*")
                  if p.is_file() and p.name != ".lock")


def test_fetch_installs_and_is_quick_the_second_time(mirror, tmp_path):
    done = sotto(tmp_path, "fetch", "--json", url=mirror.url)
    assert done.returncode == 0, done.stderr
    model = json.loads(done.stdout)["models"][0]
    assert (model["name"], model["state"], model["problem"]) == (NAME, "fetched", None)
    assert installed(tmp_path) == [f"{NAME}.sotto", f"{NAME}/model.safetensors", f"{NAME}/vocab.txt"]
    for name, path in FILES.items():
        assert hashlib.sha256((tmp_path / NAME / name).read_bytes()).digest() == \
            hashlib.sha256(path.read_bytes()).digest()
    assert [s[0] for s in mirror.seen] == [f"/mirror/{NAME}/model.safetensors", f"/mirror/{NAME}/vocab.txt"]
    mirror.seen.clear()
    again = sotto(tmp_path, "fetch", "--json", url=mirror.url)
    assert again.returncode == 0 and json.loads(again.stdout)["models"][0]["state"] == "ready"
    assert mirror.seen == [], "a second fetch asked the network"
    verified = sotto(tmp_path, "verify", "--json")
    assert verified.returncode == 0 and json.loads(verified.stdout)["models"][0]["state"] == "verified"


def test_a_connection_that_breaks_is_resumed(mirror, tmp_path):
    mirror.act["model.safetensors"] = {"cut": 5_000_000}
    broken = sotto(tmp_path, "fetch", url=mirror.url)
    assert broken.returncode in (1, 4), broken
    assert "model.safetensors" in broken.stderr
    assert installed(tmp_path) == [f"{NAME}/model.safetensors.part"]
    part = (tmp_path / NAME / "model.safetensors.part").stat().st_size
    assert 0 < part <= 5_000_000
    mirror.act.clear()
    mirror.seen.clear()
    resumed = sotto(tmp_path, "fetch", url=mirror.url)
    assert resumed.returncode == 0, resumed.stderr
    assert mirror.seen[0][1] == f"bytes={part}-"
    assert sotto(tmp_path, "verify").returncode == 0


def test_a_mirror_without_ranges_starts_over(mirror, tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "model.safetensors.part").write_bytes(b"garbage" * 1000)
    mirror.act["model.safetensors"] = {"no_range": True}
    done = sotto(tmp_path, "fetch", url=mirror.url)
    assert done.returncode == 0, done.stderr
    assert sotto(tmp_path, "verify").returncode == 0


def test_a_resumed_part_of_something_else_is_found_out(mirror, tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "model.safetensors.part").write_bytes(b"garbage" * 1000)
    bad = sotto(tmp_path, "fetch", url=mirror.url)
    assert bad.returncode == 1 and "SHA-256" in bad.stderr, bad
    assert installed(tmp_path) == [], "a part with a wrong hash must not stay to be resumed"
    assert sotto(tmp_path, "fetch", url=mirror.url).returncode == 0


def test_wrong_bytes_install_nothing(mirror, tmp_path):
    mirror.act["model.safetensors"] = {"wrong": True}
    bad = sotto(tmp_path, "fetch", url=mirror.url)
    assert bad.returncode == 1
    assert "model.safetensors has SHA-256" in bad.stderr and "models.lock says 53aa51172d14" in bad.stderr
    assert installed(tmp_path) == []
    as_json = sotto(tmp_path, "fetch", "--json", url=mirror.url)
    assert json.loads(as_json.stderr.splitlines()[-1])["code"] == "INTERNAL_ERROR"
    assert json.loads(as_json.stdout)["models"][0]["state"] == "failed"


def test_a_longer_file_is_not_taken(mirror, tmp_path, monkeypatch):
    longer = tmp_path / "longer"
    longer.write_bytes(FILES["vocab.txt"].read_bytes() + b"more\n")
    monkeypatch.setitem(FILES, "vocab.txt", longer)
    bad = sotto(tmp_path / "m", "fetch", url=mirror.url)
    assert bad.returncode == 1 and "vocab.txt" in bad.stderr
    assert f"{NAME}/vocab.txt" not in installed(tmp_path / "m")


def test_a_mirror_that_fails_and_nobody_else_is_asked(mirror, tmp_path):
    mirror.act["model.safetensors"] = {"status": 404}
    bad = sotto(tmp_path, "fetch", url=mirror.url, PATH="/nowhere")
    assert bad.returncode in (1, 4) and "404" in bad.stderr, bad.stderr
    assert "pip" not in bad.stderr and "huggingface" not in bad.stderr
    away = sotto(tmp_path, "fetch", url="http://127.0.0.1:1/mirror")
    assert away.returncode == 4 and "127.0.0.1" in away.stderr, away.stderr
    assert installed(tmp_path) == []


def test_offline_says_what_was_tried(tmp_path):
    """No mirror, no Python, no network: both sources are named with their reason."""
    env = {"PATH": "/nowhere", "HOME": str(tmp_path), "SOTTO_MODELS": str(tmp_path),
           "https_proxy": "http://127.0.0.1:1"}
    command = [PROGRAM, "models", "fetch"]
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0:
        command = [shutil.which("unshare"), "-rn", *command]  # else the proxy that is not there must do
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 4, done
    assert "python3" in done.stderr and "huggingface.co" in done.stderr, done.stderr
    assert installed(tmp_path) == []


def test_the_token_goes_to_the_mirror_only_as_a_secret(mirror, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("abc123\n")
    done = sotto(tmp_path / "m", "fetch", url=mirror.url, SOTTO_MODELS_TOKEN_FILE=str(secret))
    assert done.returncode == 0, done.stderr
    assert {s[2] for s in mirror.seen} == {"Bearer abc123"}
    assert "abc123" not in done.stdout + done.stderr


def test_interrupted_by_a_person(mirror, tmp_path):
    mirror.act["model.safetensors"] = {"slow": 0.1}
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
    env |= {"SOTTO_MODELS": str(tmp_path), "SOTTO_MODELS_URL": mirror.url}
    process = subprocess.Popen([PROGRAM, "models", "fetch"], env=env, stderr=subprocess.PIPE, text=True)
    part = tmp_path / NAME / "model.safetensors.part"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size > 1_000_000):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130, process.stderr.read()
    process.stderr.close()
    assert installed(tmp_path) == [f"{NAME}/model.safetensors.part"]
    mirror.act.clear()
    assert sotto(tmp_path, "fetch", url=mirror.url).returncode == 0
    assert sotto(tmp_path, "verify").returncode == 0


def test_damage_is_found_and_mended(mirror, tmp_path):
    assert sotto(tmp_path, "fetch", url=mirror.url).returncode == 0
    ours = tmp_path / f"{NAME}.sotto"
    data = bytearray(ours.read_bytes())
    data[len(data) // 2] ^= 1
    ours.write_bytes(data)
    bad = sotto(tmp_path, "verify", "--json")
    assert bad.returncode == 1 and json.loads(bad.stdout)["models"][0]["state"] == "damaged", bad.stdout
    ours.unlink()
    assert sotto(tmp_path, "list", "--json").returncode == 0
    assert json.loads(sotto(tmp_path, "list", "--json").stdout)["models"][0]["state"] == "missing"
    assert sotto(tmp_path, "fetch", url=mirror.url).returncode == 0
    assert sotto(tmp_path, "verify").returncode == 0


def test_no_space(mirror, tmp_path):
    """A disk of 20 MB, mounted in a name space of our own."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine does not allow name spaces, so no small disk can be mounted")
    folder = tmp_path / "small"
    folder.mkdir()
    script = f'mount -t tmpfs -o size=20m none "{folder}" && exec "{PROGRAM}" models fetch'
    env = {**os.environ, "SOTTO_MODELS": str(folder), "SOTTO_MODELS_URL": mirror.url}
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], env=env, capture_output=True, text=True,
                          timeout=60)
    assert "unshare" not in done.stderr and "mount:" not in done.stderr, done.stderr
    assert done.returncode == 1 and "make room" in done.stderr, done
    assert mirror.seen == []


def test_names_and_words(tmp_path):
    assert sotto(tmp_path, "fetch", "nothing").returncode == 3
    assert sotto(tmp_path, "guess").returncode == 2
    assert sotto(tmp_path, "list").returncode == 0


def test_a_whisper_of_ones_own(tmp_path):
    """A CTranslate2 folder becomes a model with a name; what is none is refused and leaves nothing."""
    models, source = tmp_path / "models", tmp_path / "whisper-mine"
    models.mkdir()
    source.mkdir()
    (models / "silero-vad.sotto").symlink_to(MODELS / "silero-vad.sotto")
    for file in (MODELS / "whisper-tiny.en").iterdir():
        (source / file.name).symlink_to(file)
    added = sotto(models, "add", str(source), "--json")
    assert added.returncode == 0, added.stderr
    told = json.loads(added.stdout)
    assert told["name"] == "whisper-mine" and told["languages"] == 1
    assert (models / "whisper-mine.sotto").stat().st_size == told["bytes"] > 10_000_000
    assert (models / "whisper-mine.sotto").read_bytes() == (MODELS / "whisper-tiny.en.sotto").read_bytes()
    listed = {m["name"]: m["state"] for m in json.loads(sotto(models, "list", "--json").stdout)["models"]}
    assert listed["whisper-mine"] == "ready" and listed["whisper-tiny.en"] == "missing"
    assert "whisper-mine" in sotto(models, "verify").stdout
    clip = Path(__file__).parents[1] / "golden/whisper/dentist.wav"
    env = {**os.environ, "SOTTO_MODELS": str(models), "SOTTO_DATA": str(tmp_path / "none"), "XDG_CONFIG_HOME": str(tmp_path)}
    heard = subprocess.run([PROGRAM, "transcribe", str(clip), "--model", "whisper-mine"], env=env, capture_output=True,
                           text=True, timeout=120)
    assert "dentist" in heard.stdout, heard
    again = sotto(models, "add", str(source))
    assert again.returncode != 0 and "is there already" in again.stderr
    taken = sotto(models, "add", str(source), "base")
    assert taken.returncode != 0 and "sotto models fetch" in taken.stderr
    assert "no name for a model" in sotto(models, "add", str(source), "a b").stderr
    assert sotto(models, "add").returncode == 2
    (source / "model.bin").unlink()
    (source / "model.bin").write_bytes((MODELS / "whisper-tiny.en/model.bin").read_bytes()[:1_000_000])
    cut = sotto(models, "add", str(source), "cut")
    assert cut.returncode != 0 and "cut short in tensor" in cut.stderr
    assert "no ggml file" in sotto(models, "add", __file__, "text").stderr
    assert sotto(models, "add", str(tmp_path / "nothing"), "none").returncode == 3
    assert sorted(p.name for p in models.iterdir()) == ["silero-vad.sotto", "whisper-mine.sotto"]
