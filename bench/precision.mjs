/**
 * What bfloat16 on tensorflow:cpu saves and what it costs: time of the network beside float32 in the same run, in turns, and
 * average precision at IoU 0.5 over the two example clips. There are no people's labels for the clips,
 * so truth is (a) what the same model finds in float32 with a confidence of 0.3 or more, (b) what YOLOX-Nano finds likewise,
 * an independent network. onnxruntime in float32 is the control. Build first:
 *   npm run bench:precision -- [--data ../shared/data] [--model models/street-b0] [--step 1] [--runs 100] [--threads 2]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { BUNDLED_MODEL } from '../dist/app/app.js';
import { evaluateDetections } from '../dist/eval/detections/evaluate-detections.js';
import { letterboxOf } from '../dist/geometry/letterbox.js';
import { sourceTransformOf } from '../dist/geometry/letterbox.js';
import { Yolov3Decoder } from '../dist/model/decode/yolov3-decoder.js';
import { loadNetwork } from '../dist/model/load-network.js';
import { Suppressor } from '../dist/model/nms.js';

const CLIPS = ['car-detection', 'one-by-one-person-detection'];
const [WIDTH, HEIGHT] = [768, 432];
const TRUTH_CONFIDENCE = 0.3;
const LEAST_CONFIDENCE = 0.01;
/** Positions of COCO's person, bicycle, car, motorcycle, bus and truck. */
const COCO_CLASSES = [0, 1, 2, 3, 5, 7];
const WARM_UP = 3;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: join(import.meta.dirname, '../../shared/data') },
    model: { type: 'string', default: BUNDLED_MODEL },
    step: { type: 'string', default: '1' },
    runs: { type: 'string', default: '100' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const common = { threads: Number(values.threads) };
const networks = {
  'tensorflow float32': await loadNetwork(values.model, { ...common, device: 'tensorflow:cpu' }),
  'tensorflow bfloat16': await loadNetwork(values.model, {
    ...common,
    device: 'tensorflow:cpu',
    precision: 'bfloat16',
  }),
};
const control = 'onnxruntime float32';
const [first] = Object.keys(networks);
const { manifest } = networks[first];
const { width, height } = manifest.input;
const bytes = width * height * 3;
const letterbox = letterboxOf(WIDTH, HEIGHT, width, height);

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}, ` +
    `${values.threads} threads, ${width}x${height}`,
);
const times = await timeInTurns(Object.keys(networks));
// Only now: its idle threads keep the processor busy for a while, at the cost of what runs next.
networks[control] = await loadNetwork(values.model, { ...common, device: 'onnxruntime:cpu' });
Object.assign(times, await timeInTurns([control]));
reportTimes();

const peer = await loadPeer(join(values.data, 'models/yolox_nano.onnx'));
const found = Object.fromEntries(Object.keys(networks).map((name) => [name, []]));
const ownTruth = [];
const peerTruth = [];
for (const clip of CLIPS) await runClip(clip);
reportPrecision();
for (const { backend } of Object.values(networks)) await backend.close();

/** Times networks on the same pictures, each as often first as last. */
async function timeInTurns(names) {
  const measured = Object.fromEntries(names.map((name) => [name, { cpu: [], wall: [] }]));
  const pictures = framesOf(CLIPS[0], letterbox, [width, height], 'rgb24', '0x808080');
  const count = pictures.length / bytes;
  for (let run = -WARM_UP; run < Number(values.runs); run++) {
    const at = (Math.max(run, 0) * 7) % count;
    const pixels = pictures.subarray(at * bytes, (at + 1) * bytes);
    for (const name of run % 2 === 0 ? names : [...names].reverse()) {
      const before = process.cpuUsage();
      const started = performance.now();
      await networks[name].backend.run(pixels, 1);
      const wall = performance.now() - started;
      const { user, system } = process.cpuUsage(before);
      if (run < 0) continue;
      measured[name].wall.push(wall);
      measured[name].cpu.push((user + system) / 1000);
    }
  }
  return measured;
}

function reportTimes() {
  console.log(
    `\n${values.runs} runs; milliseconds per picture, median; in brackets times faster than ${first}`,
  );
  for (const name of Object.keys(times)) {
    const parts = Object.entries(times[name]).map(([kind, list]) => {
      const ratio = median(times[first][kind]) / median(list);
      return `${kind} ${median(list).toFixed(1)} (${ratio.toFixed(2)})`;
    });
    console.log(`${name} ${networks[name].backend.info.version}: ${parts.join(', ')}`);
  }
}

async function runClip(clip) {
  const own = framesOf(clip, letterbox, [width, height], 'rgb24', '0x808080');
  const padded = letterboxOf(WIDTH, HEIGHT, 416, 416);
  const others = framesOf(clip, { ...padded, x: 0, y: 0 }, [416, 416], 'bgr24', '0x727272');
  const count = own.length / bytes;
  for (let frame = 0; frame < count; frame += Number(values.step)) {
    const pixels = own.subarray(frame * bytes, (frame + 1) * bytes);
    for (const [name, { backend }] of Object.entries(networks)) {
      found[name].push(boxesOf(await backend.run(pixels, 1)));
    }
    ownTruth.push(found[first].at(-1).filter(({ score }) => score >= TRUTH_CONFIDENCE));
    peerTruth.push(
      await peer(others.subarray(frame * 416 * 416 * 3, (frame + 1) * 416 * 416 * 3), padded.width / WIDTH),
    );
  }
}

/** Average precision at IoU 0.5 of every class that has truth. */
function reportPrecision() {
  const truths = { [`${first} >= ${TRUTH_CONFIDENCE}`]: ownTruth, 'YOLOX-Nano': peerTruth };
  for (const [what, boxes] of Object.entries(truths)) {
    console.log(`\nAP50 against ${what}, ${boxes.length} frames`);
    const truth = labelled(boxes);
    const base50 = evaluateDetections(truth, found[first]).scores.summary.AP50;
    for (const name of Object.keys(networks)) {
      const { summary, classes } = evaluateDetections(truth, found[name]).scores;
      const each = classes
        .filter(({ objects }) => objects > 0)
        .map(({ name, objects, AP50 }) => `${name} ${AP50.toFixed(4)} of ${objects}`);
      console.log(
        `${name}: ${summary.AP50.toFixed(4)} (loss ${(base50 - summary.AP50).toFixed(4)}; ${each.join(', ')})`,
      );
    }
  }
}

/** What a network finds in one picture, in source pixels. */
function boxesOf(heads) {
  const decoder = new Yolov3Decoder({
    anchors: manifest.anchors,
    anchorMask: manifest.anchorMask,
    inputWidth: width,
    inputHeight: height,
    thresholds: new Float64Array(manifest.classes.length).fill(LEAST_CONFIDENCE),
    clip: true,
  });
  return suppressed(decoder.decode(heads, 0, sourceTransformOf(letterbox)));
}

function suppressed(candidates) {
  const { boxes, scores: confidences, classIds } = candidates;
  const suppressor = new Suppressor({ iou: manifest.defaults.iou, agnostic: false, maxDetections: 300 });
  const count = suppressor.select(candidates);
  return Array.from(suppressor.kept.subarray(0, count), (at) => {
    const [x1, y1, x2, y2] = boxes.subarray(4 * at, 4 * at + 4);
    return { bbox: [x1, y1, x2 - x1, y2 - y1], classId: classIds[at], score: confidences[at] };
  });
}

/** YOLOX-Nano: 416 x 416 BGR from the top left; (x, y, log w, log h, objectness, 80 classes) per cell of strides 8, 16, 32. */
async function loadPeer(file) {
  const session = await ort.InferenceSession.create(readFileSync(file), {
    intraOpNumThreads: Number(values.threads),
  });
  const cells = [8, 16, 32].flatMap((stride) =>
    Array.from({ length: (416 / stride) ** 2 }, (_, at) => {
      const side = 416 / stride;
      return { stride, x: at % side, y: Math.floor(at / side) };
    }),
  );
  return async (pixels, scale) => {
    const area = 416 * 416;
    const planes = new Float32Array(3 * area);
    for (let at = 0; at < pixels.length; at++) planes[(at % 3) * area + Math.floor(at / 3)] = pixels[at];
    const input = new ort.Tensor('float32', planes, [1, 3, 416, 416]);
    const { data } = Object.values(await session.run({ [session.inputNames[0]]: input }))[0];
    const kept = { boxes: [], scores: [], classIds: [] };
    cells.forEach(({ stride, x, y }, cell) => {
      const row = data.subarray(85 * cell, 85 * cell + 85);
      COCO_CLASSES.forEach((coco, classId) => {
        const score = row[4] * row[5 + coco];
        if (score < TRUTH_CONFIDENCE) return;
        const [cx, cy] = [((row[0] + x) * stride) / scale, ((row[1] + y) * stride) / scale];
        const [w, h] = [(Math.exp(row[2]) * stride) / scale, (Math.exp(row[3]) * stride) / scale];
        kept.boxes.push(
          Math.max(cx - w / 2, 0),
          Math.max(cy - h / 2, 0),
          Math.min(cx + w / 2, WIDTH),
          Math.min(cy + h / 2, HEIGHT),
        );
        kept.scores.push(score);
        kept.classIds.push(classId);
      });
    });
    return suppressed({
      count: kept.scores.length,
      boxes: Float64Array.from(kept.boxes),
      scores: Float64Array.from(kept.scores),
      classIds: Int32Array.from(kept.classIds),
    });
  };
}

/** All frames of a clip, letterboxed. */
function framesOf(clip, { x, y, width: w, height: h }, [fullWidth, fullHeight], format, grey) {
  const filter = `scale=${w}:${h}:flags=area,format=${format},pad=${fullWidth}:${fullHeight}:${x}:${y}:color=${grey}`;
  const file = join(values.data, 'clips', `${clip}.mp4`);
  return execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vf', filter, '-f', 'rawvideo', '-'], {
    maxBuffer: 2 ** 31 - 1,
  });
}

function labelled(frames) {
  return {
    classes: manifest.classes,
    classKeys: manifest.classes,
    images: frames.map((boxes, at) => ({
      name: `${at}`,
      key: `${at}`,
      width: WIDTH,
      height: HEIGHT,
      boxes: boxes.map(({ bbox, classId }) => ({
        bbox,
        classId,
        area: bbox[2] * bbox[3],
        crowd: false,
        ignored: false,
      })),
    })),
  };
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}
