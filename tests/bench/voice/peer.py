#!/usr/bin/env python3
"""A peer of bench_whisper: reads the names of WAV files on standard input, answers each with a line of JSON.

    peer.py faster-whisper FOLDER int8|float32 THREADS
    peer.py faster-whisper-vad FOLDER int8|float32 THREADS        with its speech detector in front
    peer.py faster-whisper-language FOLDER int8|float32 THREADS   which language it is, and how sure
    peer.py whisper.cpp GGML_FILE THREADS
"""
import json
import sys
import time
import wave

import numpy as np


def pcm(path):
    with wave.open(path) as w:
        return np.frombuffer(w.readframes(w.getnframes()), np.int16).astype(np.float32) / 32768


def load(folder, kind, threads):
    from faster_whisper import WhisperModel
    return WhisperModel(folder, device="cpu", compute_type=kind, cpu_threads=int(threads))


def faster_whisper(folder, kind, threads, vad=False):
    model = load(folder, kind, threads)
    return lambda sound: {"text": " ".join(s.text.strip() for s in model.transcribe(
        sound, beam_size=1, language="en", condition_on_previous_text=False, vad_filter=vad)[0])}


def language(folder, kind, threads):
    model = load(folder, kind, threads)

    def which(sound):
        name, probability, _ = model.detect_language(sound)
        return {"text": "", "language": name, "language_probability": probability}
    return which


def whisper_cpp(file, threads):
    from pywhispercpp.model import Model
    model = Model(file, n_threads=int(threads), print_progress=False, print_realtime=False, language="en", no_context=True,
                  redirect_whispercpp_logs_to=None)
    return lambda sound: {"text": " ".join(s.text.strip() for s in model.transcribe(sound))}


hear = {"faster-whisper": faster_whisper, "faster-whisper-vad": lambda *a: faster_whisper(*a, vad=True),
        "faster-whisper-language": language, "whisper.cpp": whisper_cpp}[sys.argv[1]](*sys.argv[2:])
out, sys.stdout = sys.stdout, sys.stderr
print("ready", file=out, flush=True)
for line in sys.stdin:
    sound = pcm(line.strip())
    start = time.perf_counter()
    answer = hear(sound)
    ms = (time.perf_counter() - start) * 1000
    with open("/proc/self/status") as status:
        peak = next(int(s.split()[1]) >> 10 for s in status if s.startswith("VmHWM"))
    print(json.dumps({"ms": ms, **answer, "peak_mib": peak}), file=out, flush=True)
