"""Starts the real program on a free loopback port with a folder of its own."""
import os
import signal
import subprocess
import time
from pathlib import Path

import patience  # noqa: F401 - before anybody waits for something

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("SOTTO_BIN", ROOT / "build/dev/bin/sotto"))
MODELS = Path(os.environ.get("SOTTO_MODELS", ROOT / "models"))


class Server:
    """with Server(folder) as s: s.url, s.process. It ends with `ends`, unless it is killed."""

    def __init__(self, data, *args, env=None, listen="127.0.0.1:0", ends=0):
        self.data, self.args, self.env, self.listen, self.ends = Path(data), args, env or {}, listen, ends

    def environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
        return {**clean, "SOTTO_DATA": str(self.data), "SOTTO_MODELS": str(MODELS),
                "XDG_CONFIG_HOME": str(self.data / "no-config"),
                "SOTTO_DESKTOP_NOTIFICATIONS": "no", **self.env}  # not on the desktop of who runs the tests

    def __enter__(self):
        self.log = open(self.data / "server.log", "ab")
        self.started = time.monotonic()
        listen = [] if "--listen" in self.args else ["--listen", self.listen]
        self.process = subprocess.Popen([PROGRAM, "serve", *listen, *self.args],
                                        stdout=subprocess.PIPE, stderr=self.log, env=self.environment())
        line = self.process.stdout.readline().decode()
        self.ready_s = time.monotonic() - self.started
        if not line.startswith("listening on http://"):
            self.process.wait(10)
            raise RuntimeError(f"no address: {line!r}\n{(self.data / 'server.log').read_text()[-2000:]}")
        self.url = line.split()[-1].rstrip("/")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise RuntimeError("the server did not stop when asked to")
        self.process.stdout.close()
        self.log.close()
        # A sanitizer's report or a crash must not pass unseen.
        if self.process.returncode not in (self.ends, -signal.SIGKILL):
            raise RuntimeError(f"the server ended with {self.process.returncode}\n"
                               f"{(self.data / 'server.log').read_text(errors='replace')[-4000:]}")
