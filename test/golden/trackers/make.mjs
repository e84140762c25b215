// Makes the scenes of this folder and what our trackers find in them with nothing set: `npm run build`, then
// `node test/golden/trackers/make.mjs`. See README.md beside it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { makeScene } from '../../../bench/tracking-scenes.mjs';
import { createTracker, TRACKERS } from '../../../dist/tracking/registry.js';

/** Pixels of the made-up pictures, 1280 × 720, become this many: hundredths of a pixel, as trackers report, are then fine. */
const SCALE = 40;

/** People in a street: crossings, pillars, missed and false boxes, changes of scale, a camera that moves. */
const STREETS = {
  still: { seed: 11, objects: 5, fps: 30, seconds: 1.6, noise: 0.03, miss: 0.1, falseBoxes: 0.6 },
  hidden: { seed: 24, objects: 5, fps: 10, seconds: 5, noise: 0.04, miss: 0.25, falseBoxes: 0.6 },
  drive: { seed: 33, objects: 4, fps: 15, seconds: 2.4, camera: 'drive', miss: 0.1 },
  pan: { seed: 47, objects: 4, fps: 15, seconds: 2.4, camera: 'pan', miss: 0.1 },
};

const scenes = {
  ...Object.fromEntries(Object.entries(STREETS).map(([name, options]) => [name, street(options)])),
  chance: chance(5),
  holes: holes(),
  turns: turns(385, 57, 3239),
};

for (const [name, scene] of Object.entries(scenes)) {
  const folder = new URL(`${name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const frames = scene.map(({ ms, found }) => ({ ms, found: found.map(rounded) }));
  const rowOf = ({ box: { x1, y1, x2, y2 }, confidence, classId }) => [x1, y1, x2, y2, confidence, classId];
  write(new URL('detections.csv', folder), frames, ({ found }) => found.map(rowOf));
  // Only OC-SORT looks at directions.
  for (const tracker of name === 'turns' ? ['ocsort'] : TRACKERS.map(({ type }) => type)) {
    const follow = createTracker(tracker);
    write(new URL(`${tracker}.csv`, folder), frames, ({ ms, found }) =>
      follow
        .update(found, ms * 1000)
        .tracks.map(({ trackId, state, box: { x1, y1, x2, y2 } }) => [
          ...[state === 'lost' ? -trackId : trackId],
          ...[x1, y1, x2, y2],
        ]),
    );
  }
}

/** A row for each thing in a frame, or one with the time alone. */
function write(file, frames, rowsOf) {
  const lines = frames.flatMap((frame) => {
    const rows = rowsOf(frame);
    return rows.length === 0 ? [`${frame.ms}`] : rows.map((row) => [frame.ms, ...row].join(','));
  });
  writeFileSync(file, `${lines.join('\n')}\n`);
}

function rounded({ box, classId, confidence }) {
  const whole = (value) => Math.round(value * SCALE);
  return {
    box: { x1: whole(box.x1), y1: whole(box.y1), x2: whole(box.x2), y2: whole(box.y2) },
    classId,
    label: String(classId),
    // Never on a threshold: the published programs do not agree on which side that is.
    confidence: (Math.floor(confidence * 100) + 0.5) / 100,
  };
}

function street(options) {
  const random = randomOf(options.seed);
  return makeScene(options).frames.map((found, f) => ({
    ms: Math.round((f * 1000) / options.fps),
    found: confuse(found, random),
  }));
}

/** Some boxes are called by another class, and some are found twice, once for each class. */
function confuse(found, random) {
  return found.flatMap((detection) => {
    const { box, confidence } = detection;
    const draw = random();
    if (draw < 0.06) return [{ ...detection, classId: 1 }];
    if (draw > 0.09) return [detection];
    const shift = (random() - 0.5) * 0.5 * (box.x2 - box.x1);
    const second = { ...box, x1: box.x1 + shift, x2: box.x2 + shift };
    return [detection, { box: second, classId: 1, confidence: confidence * 0.97 }];
  });
}

/** Objects far from each other whose boxes jump by any part of themselves with any confidence: every threshold is met. */
function chance(seed) {
  const random = randomOf(seed);
  const cells = Array.from({ length: 40 }, (_, at) => ({ x: 20 + (at % 8) * 155, y: 20 + (at >> 3) * 140 }));
  return Array.from({ length: 12 }, (_, f) => ({
    ms: Math.round((f * 1000) / 25),
    found: cells.flatMap((cell) => {
      if (random() < 0.12) return [];
      const [dx, dy] = [random() * 22, random() * 40];
      const [x1, y1] = [cell.x + dx, cell.y + dy];
      const box = { x1, y1, x2: x1 + 30 + random() * 8, y2: y1 + 60 + random() * 12 };
      const confidence = f % 2 === 0 ? 0.62 + random() * 0.16 : 0.05 + random() * 0.9;
      const second = { ...box, x1: x1 + random() * 12 };
      return random() < 0.1
        ? [
            { box, classId: 0, confidence },
            { box: second, classId: 1, confidence: confidence - 0.01 },
          ]
        : [{ box, classId: 0, confidence }];
    }),
  }));
}

/**
 * Pairs that meet, and pass or turn round: overlap alone does not tell which is which. 120 frames a second. The seeds of the
 * pairs are chosen: in these, small changes of what directions count change which is which.
 */
function turns(...seeds) {
  const pairs = seeds.map((seed, at) => {
    const random = randomOf(seed);
    const shape = { turn: random() < 0.5, speed: 1.2 + random(), slope: random() - 0.5, bend: random() - 0.5 };
    return { random, x: 250 * at + 120, ...shape };
  });
  return Array.from({ length: 44 }, (_, f) => ({
    ms: Math.round((f * 1000) / 120),
    found: pairs.flatMap(({ random, x, turn, speed, slope, bend }) => {
      const t = f - 22;
      return [-1, 1].flatMap((side) => {
        if (Math.abs(t) < 9 && random() < 0.35) return [];
        const along = (turn && t > 0 ? -t : t) * speed * side * -1;
        const jitter = () => (random() - 0.5) * 5;
        const cx = x + along + jitter();
        const cy = 360 + along * slope + side * bend * 0.05 * t * t + jitter();
        return [{ box: { x1: cx - 20, y1: cy - 40, x2: cx + 20, y2: cy + 40 }, classId: 0, confidence: 0.9 }];
      });
    }),
  }));
}

/**
 * Objects at two frames a second, and intervals of 2.5 and 3.5 times that: the second is a hole. Two objects are a little too
 * weak, and just sure enough, to start a track.
 */
function holes() {
  const times = [0, 500, 1000, 1500, 2750, 3250, 3750, 5500, 6000, 6500];
  const objects = [
    [200, 0.9],
    [400, 0.69],
    [600, 0.71],
    [800, 0.9],
  ];
  return times.map((ms, f) => ({
    ms,
    found: objects.map(([x, confidence]) => ({
      box: { x1: x + f, y1: 300, x2: x + f + 60, y2: 430 },
      classId: 0,
      confidence,
    })),
  }));
}

function randomOf(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
