"""Makes published-*.csv: what the authors' programs find in the scenes of this folder. See README.md.

Usage: make.py BYTETRACK OC_SORT, checkouts of github.com/ifzhang/ByteTrack and github.com/noahcao/OC_SORT (both MIT).
Needs numpy, scipy, lap, cython_bbox and filterpy. Rows are time in ms, id, x1, y1, x2, y2.
"""

import sys
import types
from pathlib import Path

import numpy as np

byte_track, oc_sort = map(Path, sys.argv[1:])
sys.path[:0] = [str(byte_track), str(oc_sort / "trackers")]
np.float = float  # the programs' name for it, which numpy has dropped
from ocsort_tracker.ocsort import OCSort  # noqa: E402

# ByteTrack imports these and does not use them in what runs here.
for name in ["cv2", "torch", "torch.nn", "torch.nn.functional"]:
    sys.modules[name] = types.ModuleType(name)
from yolox.tracker.basetrack import BaseTrack  # noqa: E402
from yolox.tracker.byte_tracker import BYTETracker  # noqa: E402

ONE = (1, 1)  # the programs' size of picture and network: no scaling


def byte_track_of(frames):
    """The parameters of its MOT17 settings; 12 frames of buffer, so that it ends within a scene."""
    BaseTrack._count = 0
    args = types.SimpleNamespace(track_thresh=0.6, match_thresh=0.9, track_buffer=12, mot20=False)
    tracker = BYTETracker(args, 30)
    for found in frames:
        yield [(track.track_id, *track.tlbr) for track in tracker.update(found, ONE, ONE)]


def oc_sort_of(frames):
    """Its defaults with 12 frames of age, and weak boxes used as well."""
    tracker = OCSort(0.6, max_age=12, min_hits=3, iou_threshold=0.3, delta_t=3, inertia=0.2, use_byte=True)
    for found in frames:
        yield [(int(row[4]), *row[:4]) for row in tracker.update(found, ONE, ONE)]


for path in sorted(Path(__file__).parent.glob("*/detections.csv")):
    frames = {}
    for line in path.read_text().split():
        time, *row = map(float, line.split(","))
        found = frames.setdefault(int(time), [])
        if row:
            found.append(row[:5])
    for name, run in [("bytetrack", byte_track_of), ("ocsort", oc_sort_of)]:
        if path.parent.name == "holes" or not path.with_name(f"{name}.csv").exists():
            continue  # the programs count frames, not time
        lines = []
        boxes = [np.array(found).reshape(-1, 5) for found in frames.values()]
        for time, tracks in zip(frames, run(boxes)):
            lines += [",".join([f"{time}", f"{id}", *(f"{x:.6f}" for x in box)]) for id, *box in sorted(tracks)]
            if not tracks:
                lines.append(f"{time}")
        path.with_name(f"published-{name}.csv").write_text("\n".join(lines) + "\n")
