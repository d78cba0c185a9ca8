"""An answer on a terminal while the model still writes it: sotto ask and sotto chat, with a server and without one."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import pytest
import requests

import chat_server as cs
from server import PROGRAM, Server

LEASE = ("The lease of the flat in Elm Street begins on 1 March 2026. The rent is 1,250 EUR a month, due on the third "
         "working day. Dana Okafor of Northgate Homes has the spare key.")
QUESTION = "How much is the rent, and who has the key?"
FIRST, SECOND = "The rent is 1,250 EUR a month", "Dana Okafor has the spare key"


class Terminal:
    """A program on a terminal of 40 columns; what it wrote is read until a text is there."""

    def __init__(self, env, *args):
        self.out = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(str(PROGRAM), ["sotto", *args], {**env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            block = os.read(self.fd, 65536)
        except OSError:
            return False
        self.out += block
        return bool(block)

    def text(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.out.decode(errors="replace")).replace("\r\n", "\n")

    def until(self, words, seconds=60):
        end = time.monotonic() + seconds
        while words not in self.text():
            assert time.monotonic() < end and (self.read(1) or not self.ended()), self.text()

    def ended(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        """The exit status."""
        while self.read(60):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture(params=["server", "alone"])
def place(request, tmp_path):
    """A function that gives the environment of a command beside a chat endpoint."""
    servers = []

    def start(chat):
        s = Server(tmp_path, env={"OPENAI_BASE_URL": chat.url})
        s.__enter__()
        servers.append(s)
        requests.post(s.url + "/api/v1/knowledge/documents", json={"title": "Lease", "content": LEASE}, timeout=60)
        if request.param == "alone":
            s.stop()
        return s.environment()

    yield start
    for s in servers:
        s.stop()


def test_it_is_printed_as_it_comes(place):
    go = threading.Event()
    with cs.Chat(cs.says(FIRST + " [1]. ", SECOND + " [1].", pause=go)) as chat:
        env = place(chat)
        t = Terminal(env, "ask", QUESTION)
        t.until(FIRST)
        assert "Dana" not in t.text()
        go.set()
        assert t.wait() == 0
        said = t.text().split("\r")[-1]  # behind the note that it thinks, which is wiped
        assert said.startswith(f"{FIRST}. [1] Dana Okafor has the spare\nkey. [2]\n\n[1] Lease, bytes "), said
        assert t.text().count(FIRST + ". [1]") == 1 and said.endswith("\nwritten by scripted\n")
        # In a pipe there is the whole answer and nothing else.
        out = subprocess.run([PROGRAM, "ask", QUESTION], env=env, capture_output=True, text=True, timeout=60)
        assert out.stdout.startswith(f"{FIRST}. [1] {SECOND}. [2]\n\n[1] Lease") and out.stderr == ""


def test_ctrl_c_stops_the_model(place):
    with cs.Chat(cs.hangs) as chat:
        t = Terminal(place(chat), "ask", QUESTION)
        t.until("thinking")
        assert not chat.gone.is_set()
        t.type("\x03")
        assert t.wait() == 130 and "EUR" not in t.text()
        assert chat.gone.wait(20)  # nobody generates for nobody


def test_in_a_chat_it_stops_the_answer_alone(place):
    with cs.Chat(cs.hangs, cs.says(FIRST + " [1].")) as chat:
        t = Terminal(place(chat), "chat")
        t.until("> ")
        t.type(QUESTION + "\r")
        t.until("thinking")
        t.type("\x03")
        t.until("stopped")
        assert chat.gone.wait(20)
        t.type(QUESTION + "\r")
        t.until(FIRST + ". [1]")
        t.until("written by")
        t.type("/quit\r")
        assert t.wait() == 0
