#!/usr/bin/env python3
"""What a recogniser makes up: sounds without words, and speech that tempts it to go on, beside faster-whisper.

    tests/bench/voice/nothing.py [--build BUILD] [--models MODELS] [--threads N] [--short] [--without-peers] [--out FILE.md]

Whisper base by sotto as shipped (the detector in front), sotto without the detector, tiny.en as shipped, and
faster-whisper fp32 without and with its detector (vad_filter), each greedy with its own fall-backs, English said.
Every sound is made here (sounds.py). Sounds without words: clips with any text of all, and the words that were made
up. Speech: words that were not said (insertions) and word error rate. "looped" are texts in which 1 to 12 words come
four times in a row. Prints Markdown; exit status 1 when sotto as shipped has any text where there are no words (of speech
played backwards some is allowed: a voice it is), or a loop.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

from common import HERE, ROOT, System, alignment, environment, peer_folder, words

parser = argparse.ArgumentParser()
parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
parser.add_argument("--models", type=Path, default=Path(os.environ.get("SOTTO_MODELS", ROOT / "models")))
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--short", action="store_true", help="every third sound")
parser.add_argument("--without-peers", action="store_true")
parser.add_argument("--out", type=Path)
args = parser.parse_args()
if not (python := environment(args.build)).samefile(sys.executable) or sys.prefix != str(python.parents[1]):
    if os.environ.get("SOTTO_BENCH_PYTHON") != "1":
        os.environ["SOTTO_BENCH_PYTHON"] = "1"
        os.execv(python, [python, *sys.argv])

import numpy as np  # noqa: E402
import sounds  # noqa: E402

BACKWARDS = "speech backwards"


def loops(text):
    w = words(text)
    return any(w[i:i + p] * 3 == w[i + p:i + 4 * p] for p in range(1, 13) for i in range(len(w) - 4 * p + 1))


def spoken(voices):
    """(class, name, samples, what is said in it)."""
    grown, said, rng = voices["grown"], sounds.SENTENCES, np.random.default_rng(5)
    quiet = lambda s: np.zeros(int(s * sounds.RATE))
    for kind in ("child", "robot child"):
        for i, x in enumerate(voices[kind]):
            yield "children's voices", f"{kind} {i}", x, said[i]
    for i, x in enumerate(grown):
        for part in (0.2, 0.37, 0.55, 0.8):
            yield "cut off in a word", f"{i} at {part}", x[:int(part * len(x))], ("first", said[i])
        for at in (0.1, 0.45, 0.7):
            start = int(at * len(x))
            yield "0.3 s of speech", f"{i} at {at}", x[start:start + int(0.3 * sounds.RATE)], ("any", said[i])
    for gap in (2, 8, 20):
        parts = [p for x in grown for p in (x, quiet(gap))]
        yield "silences between", f"{gap} s", np.concatenate([quiet(gap / 2), *parts]), " ".join(said)
    for name, behind in (("noise", 0.02 * rng.standard_normal(15 * sounds.RATE)), ("music", 0.4 * sounds.chords(15)),
                         ("clapping", sounds.claps(rng, 15, 20)), ("silence", quiet(25))):
        yield "then no speech", f"then {name}", np.concatenate([grown[0], behind]), said[0]
    for level in (-20, -35):
        yield "quiet, in noise", f"{level} dB", sounds.db(level) * np.concatenate(grown), " ".join(said)
    for below in (20, 10):
        x = np.concatenate(grown)
        noise = sounds.shaped(rng, len(x), 1) * np.sqrt(np.mean(x ** 2)) * sounds.db(-below)
        yield "quiet, in noise", f"{below} dB above pink", x + noise, " ".join(said)


def truth(text, got):
    """(words, wrong words, words that nobody said). Of a cut sentence its beginning counts, wherever it ends; of
    0.3 s one or two words, whichever."""
    if isinstance(text, str):
        want = words(text)
        wrong, _, extra = alignment(want, words(got))
        return len(want), wrong, extra
    kind, whole = text
    want, have = words(whole), words(got)
    if kind == "any":
        return 1, 0, max(0, len(have) - 2)
    best = min(alignment(want[:k], have) for k in range(len(want) + 1))
    return max(1, len(have)), best[0], best[2]


def systems():
    ears = args.build / "bench_ears"
    base = args.models / "whisper-base"
    out = [System("sotto", [ears, args.models, "whisper-base", "en"]),
           System("sotto, no detector", [args.build / "bench_whisper", f"{base}.sotto", "--threads", args.threads,
                                         "--language", "en"]),
           System("sotto, tiny.en", [ears, args.models, "whisper-tiny.en"])]
    if not args.without_peers:
        peer = [python, HERE / "peer.py"]
        folder = peer_folder(base, args.build)
        out += [System("faster-whisper", [*peer, "faster-whisper", folder, "float32", args.threads], True),
                System("faster-whisper, its detector", [*peer, "faster-whisper-vad", folder, "float32", args.threads], True)]
    return out


def table(title, classes, all_systems, cell):
    lines = [f"| {title} | clips | " + " | ".join(s.name for s in all_systems) + " |", "|---|---|" + "---|" * len(all_systems)]
    for name, clips in classes.items():
        lines.append(f"| {name} | {len(clips)} | " + " | ".join(cell(s, clips) for s in all_systems) + " |")
    everything = [c for clips in classes.values() for c in clips]
    lines.append(f"| all | {len(everything)} | " + " | ".join(cell(s, everything) for s in all_systems) + " |")
    return lines


def made_up(s, clips):
    texts = [s.texts[path] for path, _ in clips]
    count = sum(len(words(t)) for t in texts)
    return f"{sum(bool(t.strip()) for t in texts)} ({count} words)" if count else str(sum(bool(t.strip()) for t in texts))


def misheard(s, clips):
    rows = [truth(text, s.texts[path]) for path, text in clips]
    n, wrong, extra = map(sum, zip(*rows))
    return f"{100 * wrong / n:.1f} %, {extra}"


def main():
    env = {**os.environ, "SOTTO_MODELS": str(args.models)}
    env.pop("SOTTO_BENCH_PYTHON", None)
    nothing, speech = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, (kind, what, x) in enumerate(sounds.wordless()):
            if not args.short or i % 3 == 0:
                nothing.setdefault(kind, []).append((sounds.save(folder / f"n{i}.wav", x), what))
        voices = sounds.speech(args.build / "bin/sotto", env, folder)
        for i, x in enumerate([*voices["grown"], *voices["robot child"]]):
            nothing.setdefault(BACKWARDS, []).append((sounds.save(folder / f"b{i}.wav", x[::-1]), str(i)))
        for i, (kind, what, x, text) in enumerate(spoken(voices)):
            if not args.short or i % 3 == 0:
                speech.setdefault(kind, []).append((sounds.save(folder / f"s{i}.wav", x), text))
        all_systems = systems()
        clips = [p for c in (nothing, speech) for rows in c.values() for p, _ in rows]
        for path in clips:
            for s in all_systems:
                s.hear(path)
        for s in all_systems:
            s.close()
    looped = {s.name: sum(loops(t) for t in s.texts.values()) for s in all_systems}
    lines = [*table("no words in it: clips with text", nothing, all_systems, made_up), "",
             *table("speech: word error rate, words nobody said", speech, all_systems, misheard), "",
             "Looped texts: " + ", ".join(f"{k} {v}" for k, v in looped.items()) + "."]
    print("\n".join(lines))
    worst = [(kind, what, s.name, s.texts[p]) for kind, rows in nothing.items() for p, what in rows for s in all_systems
             if s.texts[p].strip()]
    for row in worst:
        print("made up:", *row, sep=" | ", file=sys.stderr)
    for kind, rows in speech.items():
        for p, text in rows:
            for s in all_systems[:1]:
                if truth(text, s.texts[p])[1:] != (0, 0):
                    print("misheard:", kind, text, s.name, s.texts[p], sep=" | ", file=sys.stderr)
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")
    ours = all_systems[0].name
    sys.exit(looped[ours] > 0 or any(row[2] == ours and row[0] != BACKWARDS for row in worst))


if __name__ == "__main__":
    main()
