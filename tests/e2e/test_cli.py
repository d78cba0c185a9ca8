"""The command line over the real program, each part with a running server and without one."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import termios
import time
import unicodedata
from pathlib import Path

import pytest

from server import MODELS, PROGRAM, Server

LEASE = """# Lease of the flat in Harbour Street

## Rent

The monthly rent is 940 euros, due on the third working day. It includes water but not heating.

## Ending the lease

The tenant may end the lease with three months' notice, in writing, to the end of a month.
"""
RECIPE = "Grandmother's plum cake: knead flour, butter and yeast, lay the plums close, bake for forty minutes.\n"
PAGE = """<html><head><title>Boiler manual</title></head><body><h1>Boiler manual</h1>
<p>When the pressure falls below one bar, open the filling valve until the needle stands at 1.5.</p>
<script>alert("not text")</script></body></html>"""


def environment(data, **extra):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
    return {**clean, "SOTTO_DATA": str(data), "SOTTO_MODELS": str(MODELS),
            "XDG_CONFIG_HOME": str(Path(data).parent / "no-config"), "LC_ALL": "C", **extra}


class Sotto:
    """Runs commands on one data folder; with `server`, beside a running server."""

    def __init__(self, tmp_path, server):
        self.data, self.docs, self.server = tmp_path / "data", tmp_path / "docs", None
        self.data.mkdir(mode=0o700)
        self.docs.mkdir()
        if server:
            self.server = Server(self.data).__enter__()

    def __call__(self, *args, status=0, **extra):
        done = subprocess.run([PROGRAM, *map(str, args)], env=environment(self.data, **extra), text=True,
                              capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        assert done.returncode == status, (args, done.returncode, done.stdout[-1500:], done.stderr[-1500:])
        return done

    def json(self, *args, **extra):
        return json.loads(self("--json", *args, **extra).stdout)

    def close(self):
        if self.server:
            self.server.stop()


@pytest.fixture(params=[False, True], ids=["alone", "beside a server"])
def sotto(tmp_path, request):
    s = Sotto(tmp_path, request.param)
    yield s
    s.close()


@pytest.fixture
def alone(tmp_path):
    return Sotto(tmp_path, False)


@pytest.fixture
def filled(sotto):
    (sotto.docs / "sub").mkdir()
    (sotto.docs / "lease.md").write_text(LEASE)
    (sotto.docs / "sub" / "cake.txt").write_text(RECIPE)
    (sotto.docs / "sub" / "boiler.html").write_text(PAGE)
    sotto("add", sotto.docs)
    return sotto


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
               for c in line)


# ---- add -----------------------------------------------------------------------------------------


def test_add_says_what_it_did(sotto):
    (sotto.docs / "sub").mkdir()
    (sotto.docs / "lease.md").write_text(LEASE)
    (sotto.docs / "sub" / "cake.txt").write_text(RECIPE)
    (sotto.docs / "sub" / "copy.txt").write_text(RECIPE)
    (sotto.docs / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (sotto.docs / ".hidden.txt").write_text("never offered")
    first = sotto.json("add", sotto.docs)
    states = {Path(f["path"]).name: f["state"] for f in first["files"]}
    assert states.pop("noise.bin") == "no_reader"
    assert states.pop("lease.md") == "added"
    assert sorted(states) == ["cake.txt", "copy.txt"]
    assert sorted(states.values()) == ["added", "duplicate"]
    assert (first["added"], first["duplicate"], first["no_reader"], first["failed"]) == (2, 1, 1, 0)
    again = sotto.json("add", sotto.docs)
    assert (again["added"], again["duplicate"]) == (0, 3)
    text = sotto("add", sotto.docs).stdout
    assert "noise.bin" in text and text.splitlines()[-1].startswith("4 files: 3 there already, 1 no reader")
    ledger = {Path(e["source"]).name: e for e in sotto.json("ledger")["entries"]}
    assert ledger["noise.bin"]["state"] == "refused" and ledger["noise.bin"]["reason"]
    assert ".hidden.txt" not in ledger
    assert ledger["lease.md"]["state"] == "indexed"  # offered twice, and no duplicate of itself


def test_add_takes_the_new_version_of_a_file(sotto):
    file = sotto.docs / "note.txt"
    file.write_text("The spare key hangs behind the blue door.\n")
    sotto("add", file)
    file.write_text("The spare key lies under the third flower pot.\n")
    assert sotto.json("add", sotto.docs)["updated"] == 1
    documents = sotto.json("list")["documents"]
    assert len(documents) == 1
    assert "flower pot" in sotto("show", documents[0]["id"]).stdout
    assert sotto.json("search", "--mode", "keyword", "blue door")["documents"] == []


def test_add_of_what_cannot_be_read(sotto):
    missing = sotto("add", sotto.docs / "nowhere", status=3)
    assert "nowhere is not there" in missing.stderr
    empty = sotto.docs / "empty.txt"
    empty.write_text("")
    noise = sotto.docs / "noise.bin"
    noise.write_bytes(bytes(range(256)) * 40)
    assert "noise.bin" in sotto("add", noise, status=1).stdout
    (sotto.docs / "good.txt").write_text("A perfectly good sentence about tides.\n")
    partly = sotto("add", sotto.docs / "good.txt", empty, status=5)
    assert "empty.txt" in partly.stdout
    large = sotto.docs / "large.txt"
    large.write_bytes(b"word " * 40000)
    refused = sotto("add", large, "--max-upload", "100K", status=1)
    assert "large.txt" in refused.stdout
    assert len(sotto.json("list")["documents"]) == 1


def test_add_of_strange_names(sotto):
    folder = os.fsencode(sotto.docs)
    names = [b"\xff.txt", b"\xfe.txt", b"new\nline.txt", b'quote"d.txt', b"star*", b"star two", "naïve ☂.txt".encode()]
    for i, name in enumerate(names):
        Path(os.fsdecode(folder + b"/" + name)).write_text(f"Text number {i} of the strangely named.\n")
    os.mkfifo(sotto.docs / "pipe")
    assert sotto.json("add", sotto.docs)["added"] == len(names)
    assert sotto.json("add", sotto.docs)["duplicate"] == len(names)
    (sotto.docs / "star*").write_text("Text number eleven.\n")
    assert sotto.json("add", sotto.docs)["updated"] == 1
    assert len(sotto.json("list")["documents"]) == len(names)
    assert "neither a file nor a folder" in sotto("add", sotto.docs / "pipe", status=2).stderr
    assert "a path is empty" in sotto("add", "", status=2).stderr


def test_add_filters_and_tags(sotto):
    for name in ("a.txt", "b.txt", "c.md"):
        (sotto.docs / name).write_text(f"This is the file called {name}, with words of its own.\n")
    got = sotto.json("add", sotto.docs, "--include", "*.txt", "--exclude", "b.*", "--tag", "letters")
    assert [Path(f["path"]).name for f in got["files"]] == ["a.txt"]
    assert [d["metadata"]["tags"] for d in sotto.json("list", "--tag", "letters")["documents"]] == [["letters"]]


def test_add_many_files_at_once(sotto):
    for i in range(120):
        (sotto.docs / f"{i:03}.txt").write_text(f"Note {i}: the code word of day {i} is w{i * 7919}x.\n")
    got = sotto.json("add", sotto.docs)
    assert got["added"] == 120
    for i in (0, 59, 119):
        hits = sotto.json("search", f"w{i * 7919}x")["documents"]
        assert hits and hits[0]["metadata"]["source"].endswith(f"{i:03}.txt")


def test_add_interrupted_keeps_what_it_has(alone):
    for i in range(1500):
        (alone.docs / f"{i:04}.txt").write_text(f"Entry {i}: " + "a sentence to be embedded. " * 60 + "\n")
    process = subprocess.Popen([PROGRAM, "add", alone.docs, "--json"], env=environment(alone.data),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            with contextlib.closing(sqlite3.connect(f"file:{alone.data}/sotto.db?mode=ro", uri=True)) as db:
                if db.execute("SELECT count(*) FROM documents").fetchone()[0] >= 5:
                    break
        except sqlite3.Error:
            continue
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    summary = json.loads(out)
    assert summary["added"] >= 5 and summary["not_reached"] > 0 and summary["failed"] == 0
    assert len(alone.json("list", "--all")["documents"]) == summary["added"]
    assert alone.json("doctor")["ok"]


# ---- search --------------------------------------------------------------------------------------


def test_search_proves_its_citations(filled):
    found = filled.json("search", "how much is the rent")
    assert found["documents"][0]["metadata"]["source"].endswith("lease.md")
    proven = 0
    for hit in found["documents"]:
        content = filled.json("show", hit["id"])["content"].encode()
        for match in hit["matches"]:
            assert content[match["start"]:match["end"]].decode() == match["text"]
            proven += 1
    assert proven > 0


def test_search_is_readable_at_80_columns(filled):
    out = filled("search", "what to do when the pressure of the boiler falls").stdout
    lines = out.splitlines()
    assert "Boiler manual" in lines[0] and str(filled.docs / "sub" / "boiler.html") in lines[1]
    assert "filling valve" in out and "alert" not in out
    assert re.search(r"bytes \d+-\d+, similarity 0\.\d\d", out)
    assert "\033" not in out
    assert all(columns(line) <= 80 for line in lines if str(filled.docs) not in line)


def test_search_filters_modes_and_mistakes(filled):
    assert "plum" in filled("search", "cake", "--type", "text").stdout
    assert filled.json("search", "cake", "--type", "html", "--threshold", "0.9")["documents"] == []
    assert len(filled.json("search", "lease cake boiler", "--limit", "1")["documents"]) == 1
    explained = filled("search", "three months notice", "--explain").stdout
    assert "weight of meaning" in explained and "fused" in explained
    assert "mode" in filled("search", "x", "--mode", "guess", status=2).stderr
    assert filled("search", "x", "--limit", "0", status=2).stderr
    assert "nothing found" in filled("search", "--mode", "keyword", "xylophone").stdout


def test_words_that_begin_with_a_dash(filled):
    found = filled.json("search", "--mode", "keyword", "--", "lease", "-harbour")
    assert found["documents"] == []


# ---- list, show, delete, ledger --------------------------------------------------------------------


def test_list_show_delete(filled):
    documents = filled.json("list")["documents"]
    assert len(documents) == 3
    lease = next(d for d in documents if d["metadata"]["source"].endswith("lease.md"))
    assert filled("show", lease["id"], "--original").stdout == LEASE
    shown = filled("show", filled.docs / "lease.md").stdout
    assert "940 euros" in shown and lease["id"] in shown
    assert filled("delete", lease["id"], status=2).stderr.count("--yes") == 1
    filled("delete", "--yes", lease["id"])
    filled("show", lease["id"], status=3)
    assert filled.json("search", "rent euros", "--mode", "keyword")["documents"] == []
    filled("delete", "--yes", filled.docs / "sub" / "cake.txt")
    assert len(filled("list").stdout.splitlines()) == 1
    filled("delete", "--yes", lease["id"], status=3)


def test_list_pages_and_order(sotto):
    for i in range(7):
        (sotto.docs / f"{i}.txt").write_text(f"Number {i} of a small series of texts.\n")
    sotto("add", sotto.docs)
    assert len(sotto.json("list", "--limit", "3")["documents"]) == 3
    names = [Path(d["metadata"]["source"]).name for d in sotto.json("list", "--all", "--sort", "title_asc")["documents"]]
    assert names == sorted(names) and len(names) == 7


def test_ledger_counts(filled):
    ledger = filled.json("ledger")
    assert ledger["counts"]["indexed"] == 3 and ledger["covered"] == 1
    assert "3 files offered, 100.0 % covered" in filled("ledger").stdout
    assert filled.json("ledger", "--state", "refused")["entries"] == []
    assert len(filled.json("ledger", "--under", filled.docs / "sub")["entries"]) == 2


LETTER = """Berlin, 4 March 2024

Notice of termination

By Nora Fields

I hereby cancel the lease of the apartment in Alder Lane 14 with the notice of three months. The deposit of
2,480.00 EUR is to be paid back by 1 July 2024. Please confirm the receipt of this letter in writing."""


def test_what_is_found_out(sotto):
    (sotto.docs / "scan1.txt").write_text(LETTER)
    (sotto.docs / "scan2.txt").write_text(LETTER.replace("4 March", "5 March").replace("2,480.00", "2.480,00"))
    (sotto.docs / "kuchen.txt").write_text("Die Äpfel werden geschält und mit dem Zucker in der Form gebacken, "
                                           "bis der Teig braun ist und nicht mehr klebt.")
    sotto("add", sotto.docs)
    documents = {Path(d["metadata"]["source"]).name: d for d in sotto.json("list", "--all")["documents"]}
    letter = sotto.json("show", documents["scan1.txt"]["id"])
    meta = letter["metadata"]
    assert letter["title"] == "Notice of termination"
    assert (meta["language"], meta["author"]) == ("en", "Nora Fields")
    assert meta["dates"]["document"] == "2024-03-04" and meta["dates"]["document_from"] == "text"
    assert meta["dates"]["mentioned"] == ["2024-03-04", "2024-07-01"]
    reasons = meta["importance_reasons"]
    assert abs(sum(r["contribution"] for r in reasons) - meta["importance_score"]) < 1e-3
    assert "notice" in [f.lower() for f in next(r for r in reasons if r["signal"] == "duty")["found"]]
    assert [d["id"] for d in letter["near_duplicates"]] == [documents["scan2.txt"]["id"]]
    shown = sotto("show", documents["scan1.txt"]["id"]).stdout
    assert "2024-03-04 (from its text)" in shown and "= base 0.20 + duty" in shown
    assert f"like {documents['scan2.txt']['id']}" in shown
    groups = sotto.json("duplicates")["groups"]
    assert [sorted(d["id"] for d in g["documents"]) for g in groups] == [
        sorted(documents[n]["id"] for n in ("scan1.txt", "scan2.txt"))]
    assert "1 group of similar documents" in sotto("duplicates").stdout
    assert sotto.json("duplicates", "--threshold", "1")["groups"] == []
    german = sotto.json("list", "--lang", "de")["documents"]
    assert [d["id"] for d in german] == [documents["kuchen.txt"]["id"]]
    assert sotto.json("search", "lang:de Zucker")["documents"][0]["id"] == documents["kuchen.txt"]["id"]


# ---- words the program does not know ---------------------------------------------------------------


@pytest.mark.parametrize("args, message", [
    (["serach"], 'unknown command "serach"; did you mean "search"?'),
    (["xyzzy"], 'unknown command "xyzzy"; see sotto help'),
    (["search", "x", "--limt", "3"], "unknown flag --limt of sotto search; did you mean --limit?"),
    (["search"], "something is missing; usage: sotto search WORDS..."),
    (["search", "x", "--limit"], "--limit needs a value after it"),
    (["search", "x", "--limit", "3", "--limit=4"], "--limit is given twice"),
    (["list", "x"], '"x" is one word too many; usage: sotto list'),
    (["list", "--json=yes"], "--json takes no value"),
    (["list", "--data"], "--data needs a value after it"),
    (["list", "--workers", "many"], 'flag --workers: "many" is no whole number'),
    (["--frobnicate"], "unknown flag --frobnicate"),
    (["brew", "why"], 'unknown command "brew"'),
    (["add", "x", "--jobs", "0"], '--jobs "0" is no whole number from 1 to 64'),
])
def test_usage_errors(alone, args, message):
    done = alone(*args, status=2)
    assert done.stdout == "" and message in done.stderr, done.stderr
    if "--json=yes" not in args:
        error = json.loads(alone(*args[:1], "--json", *args[1:], status=2).stderr)
        assert error["code"] == "VALIDATION_ERROR" and message in error["detail"]


def test_every_command_has_help(alone):
    overview = alone("help").stdout
    names = re.findall(r"^  ([a-z]+)(?: |$)", overview.split("Commands")[1].split("For every command")[0], re.M)
    assert {"serve", "add", "search", "models", "ledger", "backup", "restore", "doctor"} <= set(names)
    for name in names:
        text = alone(name, "--help").stdout
        assert text.startswith(f"usage: sotto {name}") and "--json" in text and "--data" in text
        assert text == alone("help", name).stdout
        assert all(columns(line) <= 100 for line in text.splitlines())
    assert alone("--version").stdout == alone("version").stdout
    assert alone.json("version")["version"] in alone("version").stdout


def test_settings_from_everywhere(alone, tmp_path):
    conf = tmp_path / "my.conf"
    conf.write_text("workers = 3\nlog = error\n")
    settings = {s["name"]: s for s in alone.json("doctor", "--config", conf, "--log", "debug")["settings"]}
    assert settings["workers"]["value"] == "3" and settings["workers"]["origin"] == f"{conf}:1"
    assert settings["log"]["origin"] == "flag --log"
    assert settings["data"]["origin"] == "environment SOTTO_DATA"
    assert settings["listen"]["origin"] == "default"
    conf.write_text("workres = 3\n")
    bad = alone("list", "--config", conf, status=2)
    assert f'{conf}:1: unknown setting "workres"; did you mean "workers"?' in bad.stderr


def test_nothing_there_yet(alone, tmp_path):
    for command in (["search", "x"], ["list"], ["ledger"], ["backup", tmp_path / "b"]):
        assert str(alone.data) in alone(*command, status=3).stderr
    assert not (tmp_path / "b").exists()
    no_model = alone("add", alone.docs, status=4, SOTTO_MODELS=str(tmp_path / "none"))
    assert "run sotto models fetch" in no_model.stderr


# ---- serve -----------------------------------------------------------------------------------------


def test_serve_says_where_and_stops_gracefully(alone):
    with Server(alone.data) as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
        second = alone("serve", "--listen", "127.0.0.1:0", status=1)
        assert server.url in second.stderr and second.stdout == ""
        port = server.url.rsplit(":", 1)[1]
        taken = alone("serve", "--listen", f"127.0.0.1:{port}", "--data", alone.docs, status=1)
        assert port in taken.stderr
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    with Server(alone.data) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_serve_refuses_the_open_network(alone, address):
    refused = alone("serve", "--listen", address, status=2)
    assert "sotto people password" in refused.stderr and "sotto token create" in refused.stderr
    assert not (alone.data / "sotto.db").exists()


def test_serve_on_the_open_network_with_a_password(alone):
    subprocess.run([PROGRAM, "people", "password"], env=environment(alone.data), input="long enough\n", text=True,
                   check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "0.0.0.0:0"],
                               env=environment(alone.data), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on http://0.0.0.0:")
    assert alone.json("list")["documents"] == []  # the commands find it on this machine
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_serve_talks_to_systemd(alone, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(20)
        with Server(alone.data, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}) as server:
            assert notify.recv(100) == b"READY=1"
            assert notify.recv(100) == b"WATCHDOG=1"
            server.process.terminate()
            while (state := notify.recv(100)) == b"WATCHDOG=1":
                pass
            assert state == b"STOPPING=1"
            assert server.process.wait(20) == 0


def test_serve_on_a_socket_of_systemds(alone):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        script = 'exec 3<&%d; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" serve' % listener.fileno()
        process = subprocess.Popen(["bash", "-c", script, str(PROGRAM)], env=environment(alone.data),
                                   stdout=subprocess.PIPE, text=True, pass_fds=[listener.fileno()])
        assert process.stdout.readline().strip() == f"listening on http://127.0.0.1:{port}"
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


# ---- backup, restore, doctor -------------------------------------------------------------------------


def test_backup_and_restore(sotto, tmp_path):
    (sotto.docs / "lease.md").write_text(LEASE)
    sotto("add", sotto.docs)
    backup = tmp_path / "backup.sotto"
    sotto("backup", backup)
    (sotto.docs / "cake.txt").write_text(RECIPE)
    sotto("add", sotto.docs)
    if sotto.server:
        busy = sotto("restore", "--yes", backup, status=1)
        assert sotto.server.url in busy.stderr
        sotto.close()
        sotto.server = None
    assert "--yes" in sotto("restore", backup, status=2).stderr
    assert len(sotto.json("list")["documents"]) == 2
    sotto("restore", "--yes", backup)
    assert [Path(d["metadata"]["source"]).name for d in sotto.json("list")["documents"]] == ["lease.md"]
    assert sotto.json("search", "how much is the rent")["documents"]
    assert sotto.json("doctor")["ok"]
    assert sorted(p.name for p in sotto.data.iterdir() if "before" in p.name or "restore" in p.name) == []
    other = tmp_path / "other"
    sotto("restore", backup, "--data", other)  # nothing there: nothing to ask about
    assert len(sotto.json("list", "--data", other)["documents"]) == 1


def test_restore_of_damage_changes_nothing(alone, tmp_path):
    (alone.docs / "lease.md").write_text(LEASE)
    alone("add", alone.docs)
    backup, damaged = tmp_path / "backup", tmp_path / "damaged"
    alone("backup", backup)
    data = backup.read_bytes()
    before = alone.json("list")["documents"]
    assert "nowhere" in alone("restore", "--yes", tmp_path / "nowhere", status=3).stderr
    for bad in (b"", b"this is no database" * 100, data[:len(data) // 2],
                data.replace(b"940 euros", b"149 euros")):
        assert bad != data
        damaged.write_bytes(bad)
        told = alone("restore", "--yes", damaged, status=1)
        assert "nothing was changed" in told.stderr, told.stderr
        assert alone.json("list")["documents"] == before
    assert alone.json("doctor")["ok"]


def test_doctor(filled):
    report = filled.json("doctor")
    assert report["ok"] and {c["name"] for c in report["checks"]} >= {"settings", "model", "data", "server",
                                                                       "database", "contents"}
    contents = next(c for c in report["checks"] if c["name"] == "contents")
    assert "3 documents" in contents["detail"]
    text = filled("doctor").stdout
    assert "BAD" not in text and "SOTTO_DATA" in text
    missing = filled("doctor", status=1, SOTTO_MODELS=str(filled.docs))
    assert "BAD" in missing.stdout and "sotto models fetch" in missing.stdout


def test_doctor_finds_damage(alone):
    (alone.docs / "lease.md").write_text(LEASE)
    alone("add", alone.docs)
    with sqlite3.connect(alone.data / "sotto.db") as db:
        db.execute("UPDATE original_parts SET data = CAST(replace(CAST(data AS TEXT), '940', '941') AS BLOB)")
    db.close()
    report = json.loads(alone("doctor", "--json", status=1).stdout)
    assert not report["ok"]
    assert not next(c for c in report["checks"] if c["name"] == "database")["ok"]


# ---- terminal and pipe ---------------------------------------------------------------------------------


def on_terminal(data, *args, **extra):
    """Output and status of a command whose input and outputs are a terminal of 90 columns."""
    pid, fd = pty.fork()
    if pid == 0:
        env = environment(data, **{"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **extra})
        env.pop("NO_COLOR", None) if "NO_COLOR" not in extra else None
        os.execve(str(PROGRAM), ["sotto", *map(str, args)], env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
    out = b""
    while select.select([fd], [], [], 120)[0]:
        try:
            block = os.read(fd, 65536)
        except OSError:
            break
        if not block:
            break
        out += block
    os.close(fd)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_colours_and_bar_on_a_terminal(alone):
    for i in range(60):
        (alone.docs / f"{i}.txt").write_text(f"Text {i} on rent and boilers. " * 30)
    out, status = on_terminal(alone.data, "add", alone.docs)
    assert status == 0 and "60 files: 60 added" in out
    assert "\r\033[K" in out and "of 60" in out and "━" in out, out[:500]
    out, status = on_terminal(alone.data, "search", "boilers")
    assert status == 0 and "\033[1;33mboilers\033[0m" in out
    out, _ = on_terminal(alone.data, "search", "boilers", NO_COLOR="1")
    assert "\033[1mboilers\033[0m" in out and "\033[1;3" not in out and "\033[3" not in out
    out, _ = on_terminal(alone.data, "search", "boilers", TERM="dumb")
    assert "boilers" in out and "\033" not in out


def test_a_document_cannot_drive_the_terminal(alone):
    (alone.docs / "evil.txt").write_text("The harmless word.\033]0;owned\007\033[2J Then more text here.\n")
    alone("add", alone.docs)
    for command in (["search", "harmless word"], ["show", alone.docs / "evil.txt"], ["list"]):
        out, status = on_terminal(alone.data, *command)
        assert status == 0 and "\033]0;" not in out and "\033[2J" not in out and "\007" not in out


def test_a_reader_that_goes_away(alone):
    for i in range(300):
        (alone.docs / f"{i}.txt").write_text(f"Text {i}.\n")
    alone("add", alone.docs)
    done = subprocess.run(["bash", "-c", '"$0" list --all | head -n 1; echo ${PIPESTATUS[0]}', str(PROGRAM)],
                          env=environment(alone.data), capture_output=True, text=True, timeout=60)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 2
    assert done.stdout.splitlines()[1] in ("0", "141")
    full = subprocess.run(["bash", "-c", '"$0" list --all >/dev/full', str(PROGRAM)],
                          env=environment(alone.data), capture_output=True, text=True, timeout=60)
    assert full.returncode == 1 and "cannot write to standard output" in full.stderr
