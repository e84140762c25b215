/**
 * How long it takes to score tracking: all MOT15 sequences that lie beside the checkout (reading included), and a synthetic
 * crowd. Build first: node bench/eval.mjs [folder of sequences]
 */
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { readMotTruth } from '../dist/eval/datasets/mot-truth.js';
import { combineScores, evaluateSequence } from '../dist/eval/tracks/evaluate-tracks.js';

const RUNS = 5;
const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../../shared/data/mot'));

console.log(`${cpus().length} cores of ${cpus()[0].model}, Node ${process.version}`);
if (existsSync(folder)) {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'gt.txt')));
  await measure(`${names.length} sequences of ${folder}, read and scored`, async () => {
    const sequences = await readMotTruth(folder);
    const scores = sequences.map((sequence) => evaluateSequence(shifted(sequence), 'mot15'));
    const { CLEAR, HOTA } = combineScores(scores);
    return `${CLEAR.frames} frames, HOTA ${HOTA.HOTA.toFixed(4)}`;
  });
} else console.log(`no ${folder}`);
const crowd = synthetic(1000, 150);
await measure('1,000 frames of 150 objects, scored', () => {
  const { CLEAR, HOTA } = evaluateSequence(crowd, 'mot15');
  return `${CLEAR.frames} frames, HOTA ${HOTA.HOTA.toFixed(4)}`;
});

/** Prints the median. */
async function measure(what, work) {
  const times = [];
  let answer = '';
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    answer = await work();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  console.log(`${what}: ${times[RUNS >> 1].toFixed(0)} ms (${answer})`);
}

/** Results made from ground truth: a little beside it, with new ids every 50 frames and some boxes missing. */
function shifted({ name, frames, rows, regions }) {
  const result = rows
    .filter((_, index) => index % 9 !== 0)
    .map(({ frame, id, box }) => {
      const by = ((frame * 7 + id * 13) % 11) / 60;
      const [dx, dy] = [(box.x2 - box.x1) * by, (box.y2 - box.y1) * by];
      const moved = { x1: box.x1 + dx, y1: box.y1 + dy, x2: box.x2 + dx, y2: box.y2 + dy };
      return { frame, id: id * 1000 + Math.floor(frame / 50), box: moved, classId: -1, counted: true };
    });
  return { name, frames, truth: rows, result, regions };
}

function synthetic(frames, objects) {
  const rows = [];
  for (let frame = 1; frame <= frames; frame++) {
    for (let id = 1; id <= objects; id++) {
      const x = ((id * 97) % 1800) + 50 * Math.sin(frame / 40 + id);
      const y = ((id * 53) % 900) + 30 * Math.cos(frame / 30 + id);
      rows.push({ frame, id, box: { x1: x, y1: y, x2: x + 60, y2: y + 140 }, classId: -1, counted: true });
    }
  }
  return shifted({ name: 'crowd', frames, rows, regions: [] });
}
