#!/usr/bin/env python3
"""Speech recognition beside its peers, in one run: how long, how right, how much memory.

    tests/bench/voice/run.py [--data FOLDER] [--rounds N] [--threads N] [--model NAME] [--build BUILD]
        [--models MODELS] [--out FILE.md]

Whisper base, greedy, English, by

    sotto (int8, as shipped; also without timestamps, and on the full window); faster-whisper int8 and fp32;
    whisper.cpp (through pywhispercpp)

each in a process of its own with so many threads, in turns clip by clip, so that a noisy machine is noisy for
all; a clip's time is the least over the rounds. FOLDER holds 16 kHz mono WAV files and transcripts.tsv with the
columns file, text (the two clips of tests/golden/whisper otherwise). Word error rates are over all words, after
one normaliser for all. Makes its Python environment in BUILD/../voice-venv once and fetches the model; needs the
network for that. Prints Markdown. Exit status 1 when the ids that sotto's fp32 road chooses for the golden clips on the
full window are not CTranslate2's.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from common import HERE, ROOT, System, environment, peer_folder, seconds

GOLDEN = ROOT / "tests/golden/whisper"

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--model", default="base")
parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
parser.add_argument("--models", type=Path, default=Path(os.environ.get("SOTTO_MODELS", ROOT / "models")))
parser.add_argument("--out", type=Path)
parser.add_argument("--without-peers", action="store_true")
args = parser.parse_args()

def read_clips():
    if not args.data:
        sys.path.insert(0, str(GOLDEN))
        from make import CLIPS
        rows = [(GOLDEN / f"{name}.wav", text) for name, (_, _, text) in CLIPS.items()]
    else:
        with open(args.data / "transcripts.tsv", newline="") as f:
            rows = [(args.data / r["file"], r["text"]) for r in csv.DictReader(f, delimiter="\t")]
    return [(path, seconds(path), text) for path, text in rows]


def systems(model, mapped):
    ours = [args.build / "bench_whisper", mapped, "--threads", args.threads, "--language", "en"]
    out = [System("sotto int8", ours), System("sotto int8, no timestamps", [*ours, "--plain"]),
           System("sotto int8, full window", [*ours, "--full"])]
    if not args.without_peers:
        python = environment(args.build)
        ggml = args.build.parent / f"bench/ggml-{args.model}.bin"
        ggml.parent.mkdir(exist_ok=True)
        if not ggml.exists():
            subprocess.run([python, HERE / "ggml.py", model, ggml], check=True)
        peer, folder = [python, HERE / "peer.py"], peer_folder(model, args.build)
        out += [System(f"faster-whisper {k}", [*peer, "faster-whisper", folder, k, args.threads], True)
                for k in ("int8", "float32")]
        out.append(System("whisper.cpp fp16", [*peer, "whisper.cpp", ggml, args.threads], True))
    return out


def nearest(clips, s):
    return min(clips, key=lambda c: abs(c[1] - s))


def table(all_systems, clips):
    three, eleven = nearest(clips, 3), nearest(clips, 11)
    lines = [f"| | {three[1]:.1f} s clip | {eleven[1]:.1f} s clip | all {len(clips)} clips, {sum(c[1] for c in clips):.0f} s "
             "| median, times real time | word error rate | peak memory |", "|---|---|---|---|---|---|---|"]
    for s in all_systems:
        speed = statistics.median(c[1] * 1000 / s.times[c[0]] for c in clips)
        lines.append(f"| {s.name} | {s.times[three[0]]:.0f} ms | {s.times[eleven[0]]:.0f} ms | {sum(s.times.values()):.0f} ms "
                     f"| {speed:.0f} | {s.wer(clips):.2f} % | {s.peak} MiB |")
    return lines


def limits(sotto, clips, model):
    """What the time went to, beside what the machine could do at most."""
    top = json.loads(subprocess.run([args.build / "bench_limits", str(args.threads)], capture_output=True, text=True,
                                    check=True).stdout)
    d, layers, vocabulary = {"base": (512, 6, 51865), "tiny.en": (384, 4, 51864)}[model]
    eleven = nearest(clips, 11)
    answer = sotto.answers[eleven[0]]
    frames = int(eleven[1] * 100)
    n = -(-((frames + 1) // 2 + 16) // 16) * 16
    gop = 2e-9 * n * (layers * 14 * d * d + 6 * d * d + 768 * d)
    steps = answer["tokens"] + 2
    gb = steps * (layers * 14 * d * d + vocabulary * d) * 1e-9
    return [f"The {eleven[1]:.1f} s clip at its best: log-mel {answer['mel_ms']:.1f} ms, encoder {answer['encode_ms']:.1f} ms,"
            f" decoder {answer['decode_ms']:.1f} ms for {steps} steps.", "",
            f"- encoder: {gop:.1f} Gop of int8 products in {answer['encode_ms']:.1f} ms, attention and all else included, is "
            f"{gop / answer['encode_ms'] * 1e3:.0f} Gop/s; the product kernel ({top['kernel']}) alone, in the caches, reaches "
            f"{top['int8_gop_s']:.0f} Gop/s on {top['threads']} threads: {100 * gop / answer['encode_ms'] * 1e3 / top['int8_gop_s']:.0f} %.",
            f"- decoder: {steps} steps read {gb:.2f} GB of weights in {answer['decode_ms']:.1f} ms, "
            f"{gb / answer['decode_ms'] * 1e3:.1f} GB/s; memory alone gives {top['read_gb_s']:.1f} GB/s: "
            f"{100 * gb / answer['decode_ms'] * 1e3 / top['read_gb_s']:.0f} %."]


def golden(model, mapped):
    """Share of CTranslate2's ids (tests/golden/whisper) that come out in their places: fp32, int8."""
    lines = [line.split() for line in (GOLDEN / f"{args.model}.tokens").read_text().splitlines()]
    want = {clip: [int(i) for i in ids] for clip, mode, *ids in lines if mode == "times"}
    shares = []
    for source, flags in ((model, ["--fp32"]), (mapped, [])):
        s = System("golden", [args.build / "bench_whisper", source, *flags, "--full", "--language", "en"])
        for clip in want:
            s.hear(GOLDEN / f"{clip}.wav")
        s.close()
        got = {clip: s.answers[GOLDEN / f"{clip}.wav"]["ids"] for clip in want}
        shares.append(sum(a == b for c in want for a, b in zip(want[c], got[c])) / sum(map(len, want.values())))
    return shares


def main():
    name = f"whisper-{args.model}"
    subprocess.run([args.build / "bin/sotto", "models", "fetch", name], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "SOTTO_MODELS": str(args.models)})
    clips = read_clips()
    before = os.getloadavg()[0]
    all_systems = systems(args.models / name, args.models / f"{name}.sotto")
    for r in range(args.rounds):
        for path, _, _ in clips:
            for s in all_systems:
                s.hear(path)
        print(f"round {r + 1} of {args.rounds}", file=sys.stderr)
    for s in all_systems:
        s.close()
    lines = [f"Whisper {args.model}, {args.threads} threads, {args.rounds} rounds, load {before:.1f} before and "
             f"{os.getloadavg()[0]:.1f} after (the run itself is about {args.threads}).", "", *table(all_systems, clips), "",
             *limits(all_systems[0], clips, args.model)]
    exact, small = golden(args.models / name, args.models / f"{name}.sotto")
    lines += ["", f"Ids as CTranslate2's in fp32 on the golden clips, full window: fp32 {exact:.0%}, int8 {small:.0%}."]
    print("\n".join(lines))
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")
    sys.exit(exact < 1)


if __name__ == "__main__":
    main()
