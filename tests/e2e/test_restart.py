"""SIGHUP begins anew with the same socket and process: no connection is refused meanwhile. TLS with a given
certificate, and the command line that asks such a server."""
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

from server import PROGRAM, Server


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


def test_restart_refuses_nobody(tmp_path):
    with Server(tmp_path) as server:
        pid, statuses, stop = server.process.pid, [], threading.Event()

        def ask():
            while not stop.is_set():
                with urllib.request.urlopen(server.url + "/health/live", timeout=60) as answer:
                    statuses.append(answer.status)

        with urllib.request.urlopen(urllib.request.Request(
                server.url + "/api/v1/knowledge/documents", b'{"content":"The spare key is with Dana."}',
                {"Content-Type": "application/json"}), timeout=60) as answer:
            assert answer.status == 201
        thread = threading.Thread(target=ask)
        thread.start()
        for _ in range(3):
            before = len(statuses)
            server.process.send_signal(signal.SIGHUP)
            assert server.process.stdout.readline().startswith(b"listening on")  # it has begun anew
            deadline = time.monotonic() + 60
            while len(statuses) < before + 5 and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
        stop.set()
        thread.join(60)
        assert set(statuses) == {200} and len(statuses) >= 15  # a refused one would have ended the thread
        assert server.process.poll() is None and server.process.pid == pid
        with urllib.request.urlopen(server.url + "/api/v1/knowledge/search?q=spare+key", timeout=60) as answer:
            assert b"Dana" in answer.read()


def test_tls(tmp_path):
    flags = certificate(tmp_path)
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", *flags], stdout=subprocess.PIPE,
                               env=Server(tmp_path).environment())
    try:
        url = process.stdout.readline().decode().split()[-1].rstrip("/")
        assert url.startswith("https://")
        trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        with urllib.request.urlopen(url + "/health", context=trust, timeout=60) as answer:
            assert answer.status == 200
        listed = subprocess.run([PROGRAM, "list"], env=Server(tmp_path).environment(), capture_output=True, text=True)
        assert listed.returncode == 0, listed.stderr
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()
