// Time of a tracker per frame at 20, 100 and 300 objects, and of camera motion, on the built library; with Python and its
// packages `supervision` and `trackers` installed, their ByteTrack on the same detections in the same run:
//   npm run bench:tracking            (SIGHTLINE_PYTHON names the interpreter; python3 if not set)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { letterboxOf } from '../dist/geometry/letterbox.js';
import { CameraMotion } from '../dist/tracking/camera-motion/camera-motion.js';
import { createTracker } from '../dist/tracking/registry.js';

const FRAMES = 300;
const RATE = 30;
const RUNS = 5;
const scenes = [20, 100, 300].map((objects) => ({ objects, frames: movers(objects) }));
const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
try {
  const rows = [];
  for (const name of ['bytetrack', 'botsort', 'ocsort', 'sort']) {
    rows.push({ name: `sightline ${name}`, ms: scenes.map(({ frames }) => timeOf(name, frames)) });
  }
  for (const { objects, frames } of scenes) {
    const plain = frames.map((found) =>
      found.map(({ box, confidence }) => [box.x1, box.y1, box.x2, box.y2, confidence]),
    );
    writeFileSync(join(folder, `${objects}.json`), JSON.stringify(plain));
  }
  const script = fileURLToPath(new URL('tracking.py', import.meta.url));
  const python = process.env.SIGHTLINE_PYTHON ?? 'python3';
  const files = scenes.map(({ objects }) => join(folder, `${objects}.json`));
  const { status, stdout, stderr } = spawnSync(python, [script, ...files], { encoding: 'utf8' });
  if (status === 0) rows.push(...JSON.parse(stdout));
  else
    console.log(
      `skipped: the Python trackers, because ${python} says: ${(stderr ?? '').trim().split('\n').at(-1)}`,
    );
  print(rows);
} finally {
  rmSync(folder, { recursive: true });
}
printCameraMotion();

/** Median over runs of the mean time per frame in milliseconds; the first run warms up. */
function timeOf(name, frames) {
  const times = [];
  for (let run = 0; run <= RUNS; run++) {
    const tracker = createTracker(name);
    const start = process.cpuUsage();
    for (let f = 0; f < frames.length; f++) tracker.update(frames[f], Math.round((f * 1e6) / RATE));
    const { user, system } = process.cpuUsage(start);
    if (run > 0) times.push((user + system) / 1000 / frames.length);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1];
}

function print(rows) {
  const ours = rows[0].ms;
  console.log(
    'CPU ms per frame'.padEnd(26) + scenes.map(({ objects }) => `${objects} objects`.padStart(18)).join(''),
  );
  for (const { name, ms } of rows) {
    const cells = ms.map((value, i) =>
      `${value.toFixed(3)} (${(value / ours[i]).toFixed(1)} x)`.padStart(18),
    );
    console.log(name.padEnd(26) + cells.join(''));
  }
}

/** A picture with texture that moves by a few pixels a frame. */
function printCameraMotion() {
  const size = 416;
  const letterbox = letterboxOf(1280, 720, size, size);
  const noise = Float32Array.from(
    { length: 64 * 64 },
    (_, i) => ((Math.imul(i + 7, 2654435761) >>> 8) & 255) / 1,
  );
  const pictures = [0, 3, 5, 4].map((shift) => {
    const data = new Uint8Array(size * size * 3);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const u = (x + shift) / 9;
        const v = (y + shift / 2) / 9;
        const i = (Math.floor(u) & 63) + 64 * (Math.floor(v) & 63);
        const j = ((Math.floor(u) + 1) & 63) + 64 * (Math.floor(v) & 63);
        data.fill(noise[i] * (1 - (u % 1)) + noise[j] * (u % 1), (y * size + x) * 3, (y * size + x) * 3 + 3);
      }
    }
    return { letterbox, model: { format: 'rgb24', width: size, height: size, data } };
  });
  const motion = new CameraMotion();
  const none = { count: 0, order: new Int32Array(0), corners: {} };
  for (let i = 0; i < 100; i++) motion.estimate(pictures[i % 4], none);
  let found = 0;
  const start = process.cpuUsage();
  for (let i = 0; i < 500; i++) if (motion.estimate(pictures[i % 4], none)) found++;
  const { user, system } = process.cpuUsage(start);
  console.log(
    `camera motion at ${size}: ${((user + system) / 500_000).toFixed(2)} ms of CPU a frame; found in ${found} of 500`,
  );
}

/** Exactly `objects` boxes a frame that bounce in a picture of 1920 × 1080, with jitter. */
function movers(objects) {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const things = Array.from({ length: objects }, () => {
    const h = 40 + 80 * random();
    const [vx, vy] = [(random() - 0.5) * 6, (random() - 0.5) * 3];
    return { x: random() * 1800, y: random() * 960, vx, vy, w: h * 0.4, h };
  });
  return Array.from({ length: FRAMES }, () =>
    things.map((thing) => {
      thing.x += thing.vx;
      thing.y += thing.vy;
      if (thing.x < 0 || thing.x > 1850) thing.vx = -thing.vx;
      if (thing.y < 0 || thing.y > 980) thing.vy = -thing.vy;
      const x1 = thing.x + (random() - 0.5) * 3;
      const y1 = thing.y + (random() - 0.5) * 3;
      const box = { x1, y1, x2: x1 + thing.w, y2: y1 + thing.h };
      return { box, classId: 0, label: 'person', confidence: 0.5 + 0.49 * random() };
    }),
  );
}
