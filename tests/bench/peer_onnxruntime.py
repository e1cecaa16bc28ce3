#!/usr/bin/env python3
"""Microseconds a window of Silero's own ONNX model takes in ONNX Runtime, one thread, fastest round.

    peer_onnxruntime.py MODEL.onnx

Wants onnxruntime and numpy; bench_vad_window.py keeps them in a virtual environment outside the tree.
"""
import sys
import time

import numpy
import onnxruntime

WINDOWS, ROUNDS = 250, 11

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
rng = numpy.random.default_rng(1)
windows = [(rng.random((1, 576), dtype=numpy.float32) - 0.5) / 2 for _ in range(WINDOWS)]
state = numpy.zeros((2, 1, 128), numpy.float32)
rate = numpy.array(16000)
times = []
for _ in range(ROUNDS):
    began = time.perf_counter()
    for window in windows:
        _, state = session.run(None, {"input": window, "state": state, "sr": rate})
    times.append((time.perf_counter() - began) * 1e6 / WINDOWS)
print(f"{min(times):.2f} {onnxruntime.__version__}")
