/**
 * A backend without a network: it says what a script tells it to. Tests of everything behind the detector, and replays of
 * a known scene, use it where only the answers matter; they then pass through decoding, suppression and the child process
 * like any others.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, SightlineError } from '../../errors.js';
import type { ModelManifest } from '../architectures/base-manifest.js';
import type { OutputDecoder } from '../decode/candidates.js';
import { COCO_ANCHORS } from '../decode/head-anchors.js';
import { Yolov3Decoder } from '../decode/yolov3-decoder.js';
import type { Backend, HeadTensor } from './backend.js';

/** The device to ask for. */
export const FAKE_DEVICE = 'fake';

/** The script's name in the model folder. */
const FAKE_SCRIPT = 'fake.json';

const scriptSchema = z.array(
  z.array(
    z.strictObject({
      class: z.string(),
      /** x1, y1, x2, y2 in pixels of the network's input. */
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      confidence: z.number().min(0).max(1),
    }),
  ),
);

/** What is found in each picture; after the last one, the first follows. */
type Script = z.infer<typeof scriptSchema>;
type ScriptedBox = Script[number][number];

const STRIDES = [32, 16, 8];
/** Logits of a certain yes and a certain no. */
const YES = 30;
const NO = -30;

/** A backend that speaks YOLOv3, whatever the model is, and the decoder that understands it. */
export interface FakeNetwork {
  readonly backend: Backend;
  readonly createDecoder: (thresholds: Float64Array) => OutputDecoder;
}

/**
 * Makes a backend that answers with the boxes of `fake.json` in the model folder, one entry a picture: for instance
 * `[[{ "class": "car", "box": [20, 30, 120, 90], "confidence": 0.9 }], []]`, in pixels of the network's input. Without
 * that file, nothing is found. Pixels are not looked at.
 * @throws SightlineError ERR_MODEL_INVALID if the script is not of that form.
 */
export async function createFakeNetwork(modelDir: string, manifest: ModelManifest): Promise<FakeNetwork> {
  const path = join(modelDir, FAKE_SCRIPT);
  const pictures = (await readScript(path)).map((boxes) => headsOf(boxes, manifest, path));
  const nothing = headsOf([], manifest, path);
  let next = 0;
  const backend: Backend = {
    info: { backend: FAKE_DEVICE, device: FAKE_DEVICE, precision: 'float32', version: '1' },
    run(_pixels, count) {
      const batch = Array.from({ length: count }, () => pictures[next++ % pictures.length] ?? nothing);
      return Promise.resolve(
        nothing.map((head, i) => ({ ...head, data: concat(batch.map((heads) => heads[i]!.data)) })),
      );
    },
    close: () => Promise.resolve(),
  };
  const { width: inputWidth, height: inputHeight } = manifest.input;
  return {
    backend,
    createDecoder: (thresholds) =>
      new Yolov3Decoder({ ...COCO_ANCHORS, inputWidth, inputHeight, thresholds, clip: true }),
  };
}

async function readScript(path: string): Promise<Script> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return [];
  }
  try {
    return scriptSchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw invalid(path, why.replace(/\s+/g, ' '), cause);
  }
}

/** The heads of one picture, channels last, that decode to `boxes`: the decoder's formulas turned round. */
function headsOf(boxes: readonly ScriptedBox[], manifest: ModelManifest, path: string): HeadTensor[] {
  const values = 5 + manifest.classes.length;
  const heads = STRIDES.map((stride) => {
    const width = Math.ceil(manifest.input.width / stride);
    const height = Math.ceil(manifest.input.height / stride);
    const data = new Float32Array(width * height * 3 * values).fill(NO);
    return { data, width, height, channels: 3 * values, layout: 'nhwc' as const };
  });
  for (const box of boxes) {
    const classId = manifest.classes.indexOf(box.class);
    if (classId < 0) throw invalid(path, `the model has no class "${box.class}"`);
    const [x1, y1, x2, y2] = box.box;
    if (!(x1 < x2 && y1 < y2)) throw invalid(path, `box ${box.box.join(', ')} has no area`);
    place(heads, box, classId, manifest, path);
  }
  return heads;
}

function place(
  heads: readonly HeadTensor[],
  { box: [x1, y1, x2, y2], confidence }: ScriptedBox,
  classId: number,
  { input, classes }: ModelManifest,
  path: string,
): void {
  for (const [i, head] of heads.entries()) {
    const x = ((x1 + x2) / 2 / input.width) * head.width;
    const y = ((y1 + y2) / 2 / input.height) * head.height;
    const column = Math.min(Math.max(Math.floor(x), 0), head.width - 1);
    const row = Math.min(Math.max(Math.floor(y), 0), head.height - 1);
    for (const [slot, index] of COCO_ANCHORS.anchorMask[i]!.entries()) {
      const at = (row * head.width + column) * head.channels + slot * (5 + classes.length);
      if (head.data[at + 4] !== NO) continue;
      const [anchorWidth, anchorHeight] = COCO_ANCHORS.anchors[index];
      const box = [logit(x - column), logit(y - row)];
      head.data.set([...box, Math.log((x2 - x1) / anchorWidth), Math.log((y2 - y1) / anchorHeight), YES], at);
      head.data[at + 5 + classId] = logit(confidence);
      return;
    }
  }
  throw invalid(path, 'more than nine boxes share one centre');
}

function logit(probability: number): number {
  const held = Math.min(Math.max(probability, 1e-6), 1 - 1e-6);
  return Math.log(held / (1 - held));
}

function concat(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function invalid(path: string, why: string, cause?: unknown): SightlineError {
  return new SightlineError('ERR_MODEL_INVALID', `"${path}": ${why}`, { cause });
}
