"""The Python side of onnx-python.mjs: onnx-python.py model.onnx threads

Loads the model, prints a line about itself, and for each line with a number times so many runs and prints them as JSON.
"""
import json
import sys
import time

import numpy
import onnxruntime

path, threads = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
_, height, width, _ = session.get_inputs()[0].shape
pixels = numpy.random.default_rng(1).integers(0, 256, (1, height, width, 3), numpy.uint8)
print(json.dumps({"version": onnxruntime.__version__, "python": sys.version.split()[0]}), flush=True)
for line in sys.stdin:
    times = []
    cpu = time.process_time()
    for _ in range(int(line)):
        start = time.perf_counter()
        session.run(None, {"images": pixels})
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"times": times, "cpu": (time.process_time() - cpu) * 1000}), flush=True)
