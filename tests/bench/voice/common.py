"""What the benches of speech recognition share: systems in processes of their own, one normaliser of texts, the
Python environment with the peers."""
import hashlib
import json
import re
import subprocess
import sys
import wave
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "x x twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third", "5th": "fifth", "8th": "eighth", "9th": "ninth",
            "12th": "twelfth", "20th": "twentieth", "30th": "thirtieth"}


def number(n):
    if n < 20:
        return [ONES[n]]
    if n < 100:
        return [TENS[n // 10]] + ([ONES[n % 10]] if n % 10 else [])
    if 1100 <= n < 2000 and n % 100:
        return number(n // 100) + number(n % 100)
    if n < 1000:
        return [ONES[n // 100], "hundred"] + (number(n % 100) if n % 100 else [])
    return list(str(n))


def words(text):
    """Lower-case words without punctuation; numbers in words, hyphens as spaces."""
    text = text.lower().replace("’", "'").replace("-", " ")
    text = re.sub(r"\bmr\b", "mister", re.sub(r"[^a-z0-9' ]", " ", text))
    out = []
    for w in text.split():
        if w in ORDINALS:
            out.append(ORDINALS[w])
        elif re.fullmatch(r"\d+th", w):
            out += number(int(w[:-2]))[:-1] + [number(int(w[:-2]))[-1] + "th"]
        elif w.isdigit() and len(w) < 5:
            out += number(int(w))
        elif w.strip("'"):
            out.append(w.strip("'"))
    return out


def errors(want, got):
    row = list(range(len(got) + 1))
    for i, a in enumerate(want, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(got, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def alignment(want, got):
    """(errors, words left out, words put in) of the cheapest way from one to the other; among equals the fewest put in."""
    row = [(j, 0, j) for j in range(len(got) + 1)]
    for i, a in enumerate(want, 1):
        last, row[0] = row[0], (i, i, 0)
        for j, b in enumerate(got, 1):
            e, d, n = last
            up, left = row[j], row[j - 1]
            last, row[j] = up, min((e + (a != b), d, n), (up[0] + 1, up[1] + 1, up[2]), (left[0] + 1, left[1], left[2] + 1),
                                   key=lambda t: (t[0], t[2]))
    return row[-1]


def environment(build):
    """The Python of BUILD/../voice-venv, made once."""
    folder = build.parent / "voice-venv"
    stamp = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    mark = folder / ".stamp"
    if not mark.exists() or mark.read_text() != stamp:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        mark.write_text(stamp)
    return folder / "bin/python"


class System:
    def __init__(self, name, command, waits=False):
        self.name, self.times, self.texts, self.peak, self.answers = name, {}, {}, 0, {}
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if waits and self.process.stdout.readline() != "ready\n":
            sys.exit(f"{name} did not start: {' '.join(map(str, command))}")

    def hear(self, clip):
        self.process.stdin.write(f"{clip}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} died on {clip}")
        answer = json.loads(line)
        if answer["ms"] < self.times.get(clip, 1e12):
            self.times[clip], self.answers[clip] = answer["ms"], answer
        self.texts[clip] = answer["text"]
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        self.peak = max(self.peak, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10)

    def wer(self, clips):
        wrong = sum(errors(words(text), words(self.texts[clip])) for clip, _, text in clips)
        return 100 * wrong / sum(len(words(text)) for _, _, text in clips)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def seconds(path):
    with wave.open(str(path)) as w:
        return w.getnframes() / w.getframerate()


def peer_folder(model, build):
    """The folder as CTranslate2 wants it: with the list of all tokens, which sotto does not need."""
    folder = build.parent / f"bench/ct2-{model.name.removeprefix('whisper-')}"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    tokens = {i: t for t, i in tokenizer["model"]["vocab"].items()} | {t["id"]: t["content"] for t in tokenizer["added_tokens"]}
    times = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
    (folder / "vocabulary.json").write_text(json.dumps([tokens[i] for i in range(len(tokens))] + times))
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to((model / name).resolve())
    return folder
