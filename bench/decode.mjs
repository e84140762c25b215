// Time of decoding and suppressing one picture at 416 × 416 (10,647 anchors, 6 classes), on the built library:
//   npm run build && node bench/decode.mjs
import { readFileSync } from 'node:fs';
import { letterboxOf } from '../dist/geometry/letterbox.js';
import { sourceTransformOf } from '../dist/geometry/letterbox.js';
import { Yolov3Decoder } from '../dist/model/decode/yolov3-decoder.js';
import { Suppressor } from '../dist/model/nms.js';

const { anchors, anchorMask } = JSON.parse(
  readFileSync(new URL('../models/street-b0/model.json', import.meta.url), 'utf8'),
);
const CHANNELS = 33;
const CLASSES = 6;
const SIDES = [13, 26, 52];
const transform = sourceTransformOf(letterboxOf(1280, 720, 416, 416));

const street = SIDES.map((side, i) => headOf(side, valuesOf(`street_p${5 - i}.f32`)));
const noise = valuesOf('decode_0.f32');
const scenes = [
  ['street picture, confidence 0.3', street, 0.3],
  ['street picture and 60 objects that 8 anchors each see, confidence 0.3', crowd(street), 0.3],
  ['random heads, confidence 0.3', split(noise), 0.3],
  ['random heads, confidence 0 (every anchor, every class)', split(noise), 0],
];

for (const [name, heads, confidence] of scenes) {
  const decoder = new Yolov3Decoder({
    anchors,
    anchorMask,
    inputWidth: 416,
    inputHeight: 416,
    thresholds: new Float64Array(CLASSES).fill(confidence),
    clip: true,
  });
  const suppressor = new Suppressor({ iou: 0.5, agnostic: false, maxDetections: 300 });
  const once = () => suppressor.select(decoder.decode(heads, 0, transform));
  const runs = confidence === 0 ? 50 : 2000;
  for (let i = 0; i < runs; i++) once();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    once();
    return (performance.now() - start) * 1000;
  }).sort((a, b) => a - b);
  const kept = once();
  const heap = heapPerCall(once, runs);
  console.log(
    `${name}: median ${times[runs >> 1].toFixed(0)} µs, 99 % ${times[Math.floor(runs * 0.99)].toFixed(0)} µs, ` +
      `${decoder.count} candidates, ${kept} kept, ${heap.toFixed(0)} bytes of heap per call`,
  );
}

/** Bytes that a call leaves for the garbage collector. */
function heapPerCall(once, runs) {
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < runs; i++) once();
  return Math.max(0, process.memoryUsage().heapUsed - before) / runs;
}

/** Planes of channels, as onnxruntime gives them. */
function headOf(side, values) {
  const data = new Float32Array(values.length);
  const cells = side * side;
  for (let i = 0; i < values.length; i++) data[(i % CHANNELS) * cells + Math.floor(i / CHANNELS)] = values[i];
  return { data, height: side, width: side, channels: CHANNELS, layout: 'nchw' };
}

function split(values) {
  let at = 0;
  return SIDES.map((side) => headOf(side, values.subarray(at, (at += side * side * CHANNELS))));
}

function crowd(heads) {
  const busy = heads.map((head) => ({ ...head, data: head.data.slice() }));
  const { data, width } = busy[2];
  for (let object = 0; object < 60; object++) {
    for (let anchor = 0; anchor < 8; anchor++) {
      const cell = (2 + 5 * Math.floor(object / 10)) * width + 2 + 5 * (object % 10) + (anchor >> 1);
      const slot = (anchor % 2) * (CHANNELS / 3);
      const values = [0, 0, 1, 1, 2 + anchor / 8, -6, -6, 3, -6, -6, -6];
      for (const [i, value] of values.entries()) data[(slot + i) * width * width + cell] = value;
    }
  }
  return busy;
}

function valuesOf(name) {
  const bytes = readFileSync(new URL(`../test/golden/${name}`, import.meta.url));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
