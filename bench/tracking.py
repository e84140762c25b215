"""CPU time per frame of Python's ByteTracks on the detections in the JSON files named: lists of [x1, y1, x2, y2, score].

Called by bench/tracking.mjs. Prints a JSON list of {name, ms} for the packages that are installed (one is needed).
"""

import json
import os
import sys
import time
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
warnings.filterwarnings("ignore")

import numpy as np
import supervision as sv

RATE = 30
RUNS = 3


def makers():
    # Releases of supervision since 0.31 have no tracker any more.
    if hasattr(sv, "ByteTrack"):
        yield f"supervision {sv.__version__} ByteTrack", lambda: sv.ByteTrack(frame_rate=RATE), "update_with_detections"
    try:
        from importlib.metadata import version

        from trackers import ByteTrackTracker
    except ImportError:
        return
    yield f"trackers {version('trackers')} ByteTrack", lambda: ByteTrackTracker(frame_rate=RATE), "update"


def time_of(make, method, frames):
    times = []
    for _ in range(RUNS):
        update = getattr(make(), method)
        copies = [sv.Detections(xyxy=f[:, :4].copy(), confidence=f[:, 4].copy(), class_id=np.zeros(len(f), int)) for f in frames]
        start = time.thread_time()
        for detections in copies:
            update(detections)
        times.append((time.thread_time() - start) * 1000 / len(frames))
    return sorted(times)[RUNS // 2]


def main():
    scenes = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            scenes.append([np.array(frame, dtype=np.float32) for frame in json.load(file)])
    rows = [{"name": name, "ms": [time_of(make, method, frames) for frames in scenes]} for name, make, method in makers()]
    print(json.dumps(rows))


main()
