"""What the campaign of faults stands on: the board that says what fails, and the real server with faults.h's library
in its way."""
import errno
import http.client
import json
import mmap
import os
import re
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from server import MODELS  # noqa: E402

KINDS = [(name, [getattr(errno, e) for e in errors.split()])
         for name, errors in re.findall(r"^    X\((\w+), ([A-Z ]+)\)", (HERE / "faults.h").read_text(), re.M)]
NAMES = [name for name, _ in KINDS]
NONE = 0xFFFFFFFF
PATIENCE = 30  # seconds for an answer; a fault that makes somebody wait for ever is what is looked for
BOARD = struct.Struct("<IIQIIQ64Q")
JSON = {"Content-Type": "application/json"}


class Board:
    def __init__(self, path):
        path.write_bytes(BOARD.pack(NONE, 0, 0, 0, 0, 0, *[0] * 64))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), BOARD.size)

    def arm(self, kind, nth, forever):
        errors = KINDS[kind][1]
        self.map[:BOARD.size] = BOARD.pack(NONE, errors[nth % len(errors)], nth, forever, 0, 0, *[0] * 64)
        self.map[:4] = struct.pack("<I", kind)

    def count(self):
        self.map[:BOARD.size] = BOARD.pack(NONE, 0, 0, 0, 0, 0, *[0] * 64)

    def disarm(self):
        self.map[:4] = struct.pack("<I", NONE)

    def hits(self):
        return BOARD.unpack(self.map[:BOARD.size])[5]

    def counts(self):
        return BOARD.unpack(self.map[:BOARD.size])[6:6 + len(KINDS)]


class Fault(Exception):
    """What must not be."""


class Answer:
    def __init__(self, status, body, kind=""):
        self.status, self.body, self.kind = status, body, kind

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


CLOSED, SILENT = Answer(0, b"closed"), Answer(-1, b"no answer")


def ask(port, method, path, body=None, headers=None, tls=False):
    """An Answer; CLOSED when the connection ends without one, SILENT when nothing comes."""
    if tls:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE,
                                                 context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {"Connection": "close", **(headers or {})})
        got = connection.getresponse()
        return Answer(got.status, got.read(), got.headers.get("Content-Type", ""))
    except TimeoutError:
        return SILENT
    except (OSError, http.client.HTTPException):
        return CLOSED
    finally:
        connection.close()


def expect(got, statuses, what):
    if got.status not in statuses:
        raise Fault(f"{what}: {got}")
    return got


def problem(got):
    """An error has the shape of docs/API.md."""
    try:
        body = json.loads(got.body)
    except ValueError:
        raise Fault(f"an error that is no JSON: {got}")
    if body.get("status") != got.status or not body.get("code") or not body.get("detail"):
        raise Fault(f"an error without code or detail: {got}")


class Server:
    def __init__(self, options, folder, board_path):
        self.options, self.data, self.board_path = options, folder / "data", board_path
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.log, self.tls, self.folder = folder / "server.log", False, folder

    def environment(self, faults=True):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_") and k != "LD_PRELOAD"}
        own = {"SOTTO_DATA": str(self.data), "SOTTO_MODELS": str(MODELS), "SOTTO_SPEECH_MODEL": "whisper-tiny.en",
               "SOTTO_SPEECH_VOICE": "en_US-joe-medium", "XDG_CONFIG_HOME": str(self.data / "none"),
               "SOTTO_DESKTOP_NOTIFICATIONS": "no", "SOTTO_THREADS": "2"}
        if faults:
            own.update(LD_PRELOAD=str(self.options.library), SOTTO_FAULTS=str(self.board_path))
        return {**clean, **own}

    def forget(self):
        """A folder without data."""
        shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700)

    def flags(self):
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        if self.tls and not key.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", key, "-out", cert, "-days", "9", "-subj", "/CN=localhost"],
                           check=True, capture_output=True)
        return ["--tls-cert", cert, "--tls-key", key] if self.tls else []

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.options.program, "serve", "--listen", "127.0.0.1:0", *self.flags()],
                                            stdout=subprocess.PIPE, stderr=log, env=self.environment())
        self.line = []
        self.reader = threading.Thread(target=self.read_line, args=(self.process.stdout, self.line), daemon=True)
        self.reader.start()

    @staticmethod
    def read_line(pipe, line):
        line.append(pipe.readline().decode())

    def wait(self, seconds):
        """True: it listens; False: it ended; None: neither, yet."""
        self.reader.join(seconds)
        if self.reader.is_alive():
            return None
        if not self.line[0].startswith("listening on"):
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            return False
        self.port = int(self.line[0].rsplit(":", 1)[1].strip().rstrip("/"))
        return True

    def start(self):
        self.launch()
        if not self.wait(PATIENCE):
            raise Fault(f"does not start: {self.tail()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Fault("does not stop when asked to")
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()

    def alive(self):
        if self.process.poll() is not None:
            raise Fault(f"the server ended with {self.process.returncode}: {self.tail()}")

    def descriptors(self):
        """What they lead to, sorted."""
        folder, found = Path(f"/proc/{self.process.pid}/fd"), []
        for fd in os.listdir(folder):
            try:
                found.append(re.sub(r"\[\d+\]", "", os.readlink(folder / fd)))
            except FileNotFoundError:
                pass  # closed just now
        return sorted(found)

    def tail(self):
        return self.log.read_text(errors="replace")[-600:] if self.log.exists() else ""
