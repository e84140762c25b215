"""Makes the files of this folder: python make.py, with trackeval 1.3.0 (PyPI). Synthetic tracks with all classes of MOT17.

Some results follow pedestrians, some follow distractors, some follow nothing.
"""
import json
import os
import random
import tempfile

import numpy as np

for name in ("float", "int", "bool"):
    if name not in np.__dict__:
        setattr(np, name, __builtins__.__dict__[name])
import trackeval  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FRAMES = 40


def tracks():
    rng = random.Random(7)
    truth, result = [], []
    classes = [1, 1, 1, 1, 1, 2, 3, 6, 7, 8, 12, 13]
    for i, cls in enumerate(classes):
        x, y = rng.uniform(0, 700), rng.uniform(0, 400)
        vx, vy = rng.uniform(-6, 6), rng.uniform(-3, 3)
        w, h = rng.uniform(30, 60), rng.uniform(80, 130)
        start, end = rng.randint(1, 8), rng.randint(30, FRAMES)
        for frame in range(start, end + 1):
            counted = 0 if cls != 1 or (i == 3 and 10 <= frame <= 15) else 1
            truth.append((frame, i + 1, round(x, 2), round(y, 2), round(w, 2), round(h, 2), counted, cls, 1.0))
            if rng.random() < 0.8:
                tid = i + 1 if frame < 20 or i % 3 else i + 101
                dx, dy = rng.gauss(0, 6), rng.gauss(0, 6)
                result.append((frame, tid, round(x + dx, 2), round(y + dy, 2), round(w, 2), round(h, 2), 1, -1, -1, -1))
            x, y = x + vx, y + vy
    for frame in range(1, FRAMES + 1, 3):
        result.append((frame, 900, rng.randint(0, 900), rng.randint(0, 400), 40, 100, 1, -1, -1, -1))
    rng.shuffle(result)
    return truth, result


def evaluate(benchmark):
    with tempfile.TemporaryDirectory() as root:
        seq = f"{benchmark}-01"
        for sub in (f"gt/{seq}/gt", "trackers/t/data"):
            os.makedirs(f"{root}/{sub}")
        for source, target in (("gt.txt", f"gt/{seq}/gt/gt.txt"), ("result.txt", f"trackers/t/data/{seq}.txt")):
            with open(f"{HERE}/{source}") as a, open(f"{root}/{target}", "w") as b:
                b.write(a.read())
        data = trackeval.datasets.MotChallenge2DBox({
            "GT_FOLDER": f"{root}/gt", "TRACKERS_FOLDER": f"{root}/trackers", "BENCHMARK": benchmark,
            "SEQ_INFO": {seq: FRAMES}, "SKIP_SPLIT_FOL": True, "PRINT_CONFIG": False,
        })
        raw = data.get_raw_seq_data("t", seq)
        seq_data = data.get_preprocessed_seq_data(raw, "pedestrian")
        hota = trackeval.metrics.HOTA().eval_sequence(seq_data)
        clear = trackeval.metrics.CLEAR({"PRINT_CONFIG": False}).eval_sequence(seq_data)
        identity = trackeval.metrics.Identity({"PRINT_CONFIG": False}).eval_sequence(seq_data)
        return {
            "HOTA": {k: float(np.mean(hota[k])) for k in ("HOTA", "DetA", "AssA", "LocA")},
            "CLEAR": {k: float(clear[k]) for k in ("CLR_TP", "CLR_FN", "CLR_FP", "IDSW", "Frag", "MOTA")},
            "Identity": {k: float(identity[k]) for k in ("IDF1", "IDTP")},
        }


truth, result = tracks()
for name, rows in (("gt.txt", truth), ("result.txt", result)):
    with open(f"{HERE}/{name}", "w") as file:
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)
with open(f"{HERE}/expected.json", "w") as file:
    json.dump({name: evaluate(name) for name in ("MOT15", "MOT16", "MOT17", "MOT20")}, file, indent=2)
    file.write("\n")
