#!/usr/bin/env python3
"""What bf16 does to the voice: the sound of the fast road beside that of fp32, same texts and seeds.

    tests/bench/speech/quality.py [--build BUILD] [--models MODELS] [--whisper WHISPER.sotto]
        [--hear BENCH_WHISPER]

Prints the signal to noise ratio of the samples and the distance of log-mel spectra (80 bands, 1024-point windows
every 256 samples, dB, root mean square over bands and frames louder than -60 dB); for scale also what another seed of
the same sentence is away, frame by frame over the shorter of the two. With --whisper, the word error rate of our own
recogniser on both (base, after one normaliser), over the sentences of sentences.txt.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RATE = 22050
parser = argparse.ArgumentParser()
parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
parser.add_argument("--models", type=Path, default=Path(os.environ.get("SOTTO_MODELS", ROOT / "models")))
parser.add_argument("--whisper", type=Path)
parser.add_argument("--hear", type=Path, help="bench_whisper, BUILD's otherwise")
args = parser.parse_args()
sentences = (HERE / "sentences.txt").read_text().splitlines()


def speak(text, cpu, seed):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([args.build / "bench_voice", args.models, "en_US-joe-medium", "2", text, out.name, str(seed)],
                       check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, **({"SOTTO_CPU": cpu} if cpu else {})))
        return np.fromfile(out.name, np.int16).astype(np.float64) / 32768


def filters():
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(0, mel(RATE / 2), 82) / 2595) - 1)
    bins = np.fft.rfftfreq(1024, 1 / RATE)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down))


FILTERS = filters()


def logmel(x):
    frames = np.lib.stride_tricks.sliding_window_view(x, 1024)[::256] * np.hanning(1024)
    return 10 * np.log10(np.maximum(np.abs(np.fft.rfft(frames)) ** 2 @ FILTERS.T, 1e-6))


def distance(a, b):
    n = min(len(a), len(b))
    a, b = logmel(a[:n]), logmel(b[:n])
    loud = a.max(axis=1) > a.max() - 60
    return np.sqrt(((a - b)[loud] ** 2).mean())


ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "x x twenty thirty forty fifty sixty seventy eighty ninety".split()


def number(n):
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (" " + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return number(n // 100) + " hundred" + (" " + number(n % 100) if n % 100 else "")
    return number(n // 1000) + " thousand" + (" " + number(n % 1000) if n % 1000 else "")


def words(text):
    text = re.sub(r"\$([\d,]+)", r"\1 dollars ", text).replace("%", " percent ").replace("cancelled", "canceled")
    for short, long in (("1st", "first"), ("2nd", "second"), ("3rd", "third")):
        text = text.replace(short, long)
    text = re.sub(r"(\d),(\d)", r"\1\2", text)
    text = re.sub(r"(\d+)", lambda m: " " + (number(int(m[1])) if int(m[1]) < 1000000 else m[1]) + " ", text.lower())
    return re.sub(r"[^a-z' ]", " ", text).replace("'", "").split()


def errors(want, got):
    row = list(range(len(got) + 1))
    for i, w in enumerate(want, 1):
        last, row[0] = row[0], i
        for j, g in enumerate(got, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (w != g))
    return row[-1]


def recognise(sounds):
    heard = []
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for i, x in enumerate(sounds):
            at = np.arange(0, len(x) - 1, RATE / 16000)
            spectrum = np.fft.rfft(x)
            spectrum[np.fft.rfftfreq(len(x), 1 / RATE) > 7800] = 0
            y = np.interp(at, np.arange(len(x)), np.fft.irfft(spectrum, len(x)))
            names.append(f"{folder}/{i}.wav")
            with wave.open(names[-1], "wb") as w:
                w.setparams((1, 2, 16000, 0, "NONE", ""))
                w.writeframes((np.clip(y, -1, 1) * 32767).astype("<i2").tobytes())
        out = subprocess.run([args.hear or args.build / "bench_whisper", args.whisper, "--threads", "2", "--language", "en"],
                             input="".join(n + "\n" for n in names), capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            if line.startswith("{") and "text" in line:
                heard.append(json.loads(line)["text"])
    if len(heard) != len(sounds):
        sys.exit(f"the recogniser answered {len(heard)} of {len(sounds)}")
    return heard


snr, near, far, roads = [], [], [], {"sotto": [], "fp32": []}
for i, text in enumerate(sentences):
    fast, exact = speak(text, None, i), speak(text, "vnni", i)
    assert len(fast) == len(exact), "other durations"
    snr.append(10 * np.log10((exact ** 2).sum() / max(((exact - fast) ** 2).sum(), 1e-12)))
    near.append(distance(exact, fast))
    if i < 20:
        far.append(distance(exact, speak(text, "vnni", i + 1000)))
    roads["sotto"].append(fast)
    roads["fp32"].append(exact)
print(f"{len(sentences)} sentences: SNR mean {np.mean(snr):.1f} dB, least {np.min(snr):.1f}; log-mel distance mean "
      f"{np.mean(near):.2f} dB, most {np.max(near):.2f}; another seed {np.mean(far):.2f} dB")
if args.whisper:
    for road, sounds in roads.items():
        wrong = total = 0
        for text, heard in zip(sentences, recognise(sounds)):
            n = errors(words(text), words(heard))
            total += len(words(text))
            wrong += n
            if n:
                print(f"  {road}: {text!r} heard as {heard.strip()!r}")
        print(f"{road}: {wrong} of {total} words wrong, {100 - 100 * wrong / total:.2f} % returned")
