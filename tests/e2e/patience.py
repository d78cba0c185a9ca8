"""How long clients wait for a program that is slow on purpose. ctest's entries say how many times slower a build is
(SOTTO_SLOWER: 10 under the thread sanitizer, else 1), and every time-out of a socket, of a WebSocket or of a program
that a test starts is so many times as long. A test whose own deadline is what it tests multiplies it where that is fair, and
says where it is not. Imported by server.py, and so by every suite."""
import asyncio
import os
import socket
import subprocess

SLOWER = int(os.environ.get("SOTTO_SLOWER", "1"))


def longer(seconds):
    return seconds and seconds * SLOWER  # None: for ever; 0: not at all


if SLOWER != 1:
    def slow_socket(set_timeout=socket.socket.settimeout, timeout=socket.socket.gettimeout):
        def settimeout(self, seconds):
            set_timeout(self, longer(seconds))

        def gettimeout(self):  # what was asked for: who copies it to another socket multiplies it again
            seconds = timeout(self)
            return seconds and seconds / SLOWER
        socket.socket.settimeout, socket.socket.gettimeout = settimeout, gettimeout

    def slow_process(wait=subprocess.Popen.wait, communicate=subprocess.Popen.communicate):
        def slow_wait(self, timeout=None):
            return wait(self, longer(timeout))

        def slow_communicate(self, input=None, timeout=None):
            return communicate(self, input, longer(timeout))
        subprocess.Popen.wait, subprocess.Popen.communicate = slow_wait, slow_communicate

    def slow_websocket(wait_for=asyncio.wait_for):
        import websockets.asyncio.client
        import websockets.sync.client
        asyncio.wait_for = lambda what, timeout: wait_for(what, longer(timeout))
        for connect in (websockets.asyncio.client.connect.__init__, websockets.sync.client.connect):
            for name in ("open_timeout", "ping_timeout", "close_timeout"):
                connect.__kwdefaults__[name] = longer(connect.__kwdefaults__[name])

    slow_socket()
    slow_process()
    slow_websocket()
