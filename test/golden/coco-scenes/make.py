"""Makes the files of this folder: python make.py, with pycocotools 2.0.11. Synthetic pictures with boxes only."""
import contextlib
import io
import json
import os
import random

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = os.path.dirname(os.path.abspath(__file__))
CATEGORIES = [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}, {"id": 8, "name": "truck"}, {"id": 20, "name": "sheep"}]


def scene(seed, images, *, crowds=False, many=0, ties=False, odd=False):
    rng = random.Random(seed)
    truth = {"images": [], "annotations": [], "categories": CATEGORIES}
    found = []
    number = 0
    for i in range(images):
        image = 7 * (images - i)  # not in order
        truth["images"].append({"id": image, "file_name": f"picture_{image:04}.jpg", "width": 640, "height": 480})
        for _ in range(rng.randint(0, 6)):
            category = rng.choice([1, 1, 3, 8])
            w, h = [round(rng.choice([rng.uniform(4, 30), rng.uniform(30, 90), rng.uniform(100, 300)]), 2) for _ in "wh"]
            x, y = round(rng.uniform(0, 640 - w), 2), round(rng.uniform(0, 480 - h), 2)
            number += 1
            crowd = 1 if crowds and rng.random() < 0.2 else 0
            area = round(w * h * rng.uniform(0.5, 1), 2) if rng.random() < 0.5 else w * h
            truth["annotations"].append({"id": number, "image_id": image, "category_id": category, "bbox": [x, y, w, h], "area": area, "iscrowd": crowd})
            for _ in range(rng.choice([0, 1, 1, 1, 2, 5 if crowd else 1])):
                s = rng.choice([0.02, 0.08, 0.2])
                box = [x + rng.gauss(0, s) * w, y + rng.gauss(0, s) * h, w * rng.uniform(1 - s, 1 + s), h * rng.uniform(1 - s, 1 + s)]
                if odd and rng.random() < 0.4:
                    box = [x, y, w, h / 2]  # overlap of one half
                wrong = rng.random() < 0.1
                score = round(rng.random(), 1 if ties else 4)
                found.append({"image_id": image, "category_id": rng.choice([1, 3, 8]) if wrong else category, "bbox": [round(v, 2) for v in box], "score": score})
        for _ in range(rng.randint(0, 3) + many):
            w, h = rng.uniform(5, 150), rng.uniform(5, 150)
            box = [rng.uniform(0, 500), rng.uniform(0, 400), w, h]
            found.append({"image_id": image, "category_id": rng.choice([1, 3, 8, 20]), "bbox": [round(v, 2) for v in box], "score": round(rng.random(), 1 if ties else 4)})
    return truth, found


def evaluate(truth, found):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        results = coco.loadRes([dict(r) for r in found])
        run = COCOeval(coco, results, "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    names = ["AP", "AP50", "AP75", "APSmall", "APMedium", "APLarge", "AR1", "AR10", "AR100", "ARSmall", "ARMedium", "ARLarge"]
    precision, recall = run.eval["precision"], run.eval["recall"]
    classes = {}
    for k, category in enumerate(run.params.catIds):
        name = next(c["name"] for c in CATEGORIES if c["id"] == category)
        p, r = precision[:, :, k, 0, 2], recall[:, k, 0, 2]
        classes[name] = None if p.max() < 0 else {
            "AP": float(p.mean()), "AP50": float(p[0].mean()), "AR100": float(r.mean()), "curve75": p[5].tolist(),
        }
    return {"summary": dict(zip(names, map(float, run.stats))), "classes": classes}


CASES = {
    "plain": scene(1, 25),
    "crowds": scene(2, 25, crowds=True),
    "ties": scene(3, 20, ties=True, crowds=True),
    "halves": scene(4, 20, odd=True),
    "over-100": scene(5, 2, many=500),
    "nothing-found-but-one": (scene(6, 5)[0], scene(6, 5)[1][:1]),
}
with open(f"{HERE}/cases.json", "w") as file:
    cases = [{"name": n, "truth": t, "found": f, "expected": evaluate(t, f)} for n, (t, f) in CASES.items()]
    json.dump(cases, file, separators=(",", ":"))
    file.write("\n")
