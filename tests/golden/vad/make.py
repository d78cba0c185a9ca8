#!/usr/bin/env python3
"""Makes input.s16 and probabilities.f32 beside this script, with the detector's authors' own model.

    make.py silero_vad.onnx       (as published, silero-vad 6.2.3; needs numpy, onnxruntime, espeak-ng)

input.s16 is 16 kHz mono, little-endian: silence, two synthetic voices, noise, a voice in noise, tones,
clicks, full scale. probabilities.f32 has the probability of speech of every 512 samples of it, one
stream. onnxruntime 1.32 made the committed file.
"""
import os
import subprocess
import sys

import numpy as np
import onnxruntime

here = os.path.dirname(os.path.abspath(__file__))
RATE = 16000
rng = np.random.default_rng(7)


def say(text, voice, speed):
    raw = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text], check=True,
                         capture_output=True).stdout
    pcm = np.frombuffer(raw[44:], "<i2").astype(np.float32) / 32768
    to = np.arange(int(len(pcm) * RATE / 22050)) * 22050 / RATE  # straight lines: it is a test signal
    return np.interp(to, np.arange(len(pcm)), pcm).astype(np.float32)


def noise(seconds, level):
    return (rng.standard_normal(int(seconds * RATE)) * level).astype(np.float32)


def music(seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(0.1 * np.sin(2 * np.pi * f * t) * np.exp(-2 * (t % 0.5)) for f in (220, 277, 330, 440))


one = say("Remind me to call the dentist tomorrow.", "en-us", 170)
two = say("What is on my list?", "en-gb+f3", 190)
clicks = np.zeros(RATE // 2, np.float32)
clicks[::1600] = 0.9
parts = [np.zeros(RATE // 2), one, np.zeros(RATE // 3), noise(0.7, 0.02), two + noise(len(two) / RATE, 0.01)[:len(two)],
         noise(0.5, 0.2), music(1.0), clicks, 4 * two[:RATE // 2], np.zeros(RATE // 4)]
pcm = np.clip(np.concatenate(parts), -1, 0.99996)
pcm = pcm[:len(pcm) // 512 * 512]
samples = np.round(pcm * 32768).clip(-32768, 32767).astype("<i2")
samples.tofile(os.path.join(here, "input.s16"))

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
state = np.zeros((2, 1, 128), np.float32)
context = np.zeros(64, np.float32)
out = []
for at in range(0, len(samples), 512):
    x = samples[at:at + 512].astype(np.float32) / 32768
    p, state = session.run(None, {"input": np.concatenate([context, x])[None], "state": state,
                                  "sr": np.array(16000, np.int64)})
    context = x[-64:]
    out.append(p[0, 0])
np.array(out, "<f4").tofile(os.path.join(here, "probabilities.f32"))
print(f"{len(samples) / RATE:.1f} s, {len(out)} frames, {sum(p > 0.5 for p in out)} of speech")
