#!/usr/bin/env python3
"""The voice beside piper-tts, in one run: real-time factor, time to the first sound, memory.

    tests/bench/speech/run.py [--rounds N] [--threads N] [--build BUILD] [--models MODELS]

The same voice file and texts by sotto (as shipped; with fp32 alone; with AVX2 alone) and piper-tts (ONNX
Runtime, fp32), each in a process of its own that stays, in turns text by text, so that a noisy machine is noisy for
all. Prints the median and the best of the rounds as Markdown. Makes its Python environment in build/speech-venv
once; needs the network for that.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VOICE = "en_US-joe-medium"
TEXTS = {
    "short": "It is ten past nine.",
    "answer": "You have three meetings today. The first is at ten with Anna from the design team, and she asked for the "
              "quarterly figures. After lunch the dentist expects you at half past two. I moved the call with Peter to "
              "Thursday morning because of that.",
    "long sentence": "After lunch the dentist expects you at half past two, and because the trains are not running you "
                     "should leave the house by one, or ask Peter whether he can take you in his car, as he offered to "
                     "do last week.",
}

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=9)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
parser.add_argument("--models", type=Path, default=Path(os.environ.get("SOTTO_MODELS", ROOT / "models")))
args = parser.parse_args()


def environment():
    folder, wanted = ROOT / "build/speech-venv", (HERE / "requirements.txt").read_text()
    stamp = folder / ".stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    return folder / "bin/python"


class Speaker:
    def __init__(self, name, command, cpu=None):
        self.name, self.results = name, {}
        env = dict(os.environ, **({"SOTTO_CPU": cpu} if cpu else {}))
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=env)

    def say(self, key, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())
        self.results.setdefault(key, []).append(result)


ours = [args.build / "bench_voice", args.models, VOICE, args.threads, "-"]
python = environment()
speakers = [
    Speaker("sotto", ours), Speaker("sotto, fp32 with AVX-512", ours, "vnni"), Speaker("sotto, fp32 with AVX2", ours, "avx2"),
    Speaker("piper-tts", [python, HERE / "peer.py", args.models / VOICE / f"{VOICE}.onnx", args.threads]),
]
for turn in range(args.rounds + 1):
    for key, text in TEXTS.items():
        for speaker in speakers:
            speaker.say(key, text)
print(f"{args.threads} threads, {args.rounds} rounds in turns; median (best); load {os.getloadavg()[0]:.1f}\n")
print("| | " + " | ".join(f"{key}: RTF | first sound, ms" for key in TEXTS) + " | peak memory, MB |")
print("|---" * (2 * len(TEXTS) + 2) + "|")
for speaker in speakers:
    cells = []
    for key in TEXTS:
        warm = speaker.results[key][1:]  # the first turn maps and allocates
        for what, digits in (("rtf", 4), ("first_ms", 1)):
            values = [r[what] for r in warm]
            cells.append(f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f})")
    memory = max(r["rss_mb"] for rs in speaker.results.values() for r in rs)
    print(f"| {speaker.name} | " + " | ".join(cells) + f" | {memory:.0f} |")
