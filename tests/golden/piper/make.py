#!/usr/bin/env python3
"""Makes sentences.txt and samples.f16 beside this script: what onnxruntime makes of a Piper voice.

    make.py en_US-joe-medium.onnx

sentences.txt has a line a sentence: its phonemes as piper-tts 1.8.0 gives them, a tab, the phoneme
ids, a tab, how many samples; samples.f16 has the samples of all, little-endian halves (their rounding,
5e-4 of a sample, is below what is asked). The noise scales are 0: the result is the model's alone.
onnxruntime 1.32.0 and piper-tts 1.8.0 made the committed files.
"""
import os
import sys

import numpy as np
from piper import PiperVoice

here = os.path.dirname(os.path.abspath(__file__))
TEXTS = ["Good morning.", "No.", "Is the first meeting at ten, with Anna from the design team?"]

voice = PiperVoice.load(sys.argv[1])
with open(f"{here}/sentences.txt", "w") as lines, open(f"{here}/samples.f16", "wb") as out:
    for text in TEXTS:
        phonemes = voice.phonemize(text)[0]
        ids = voice.phonemes_to_ids(phonemes)
        samples = voice.session.run(None, {
            "input": np.array([ids]), "input_lengths": np.array([len(ids)]),
            "scales": np.array([0, 1, 0], dtype=np.float32)})[0].reshape(-1)
        lines.write(f"{''.join(phonemes)}\t{' '.join(map(str, ids))}\t{len(samples)}\n")
        out.write(samples.astype("<f2").tobytes())
