#!/usr/bin/env python3
"""A peer of bench_voice: reads texts on standard input, a line each, and answers each with a line of JSON.

    peer.py VOICE.onnx THREADS
"""
import json
import resource
import sys
import time

import onnxruntime
from piper import PiperVoice

voice = PiperVoice.load(sys.argv[1])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[2])
voice.session = onnxruntime.InferenceSession(sys.argv[1], sess_options=options, providers=["CPUExecutionProvider"])
for line in sys.stdin:
    start, first, samples = time.perf_counter(), None, 0
    for chunk in voice.synthesize(line.strip()):
        samples += len(chunk.audio_int16_bytes) // 2
        first = first or time.perf_counter() - start
    took = time.perf_counter() - start
    seconds = samples / voice.config.sample_rate
    print(json.dumps({"seconds": seconds, "took_ms": took * 1000, "rtf": took / seconds, "first_ms": first * 1000,
                      "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}), flush=True)
