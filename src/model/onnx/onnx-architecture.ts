import { join } from 'node:path';
import * as z from 'zod';
import { SightlineError } from '../../errors.js';
import { MAX_SIDE } from '../../geometry/input-size.js';
import type { Architecture } from '../architectures/architecture.js';
import { letterboxSchema, manifestKeys, weightsKeys } from '../architectures/base-manifest.js';
import type { OnnxProgram } from '../backends/backend.js';
import { readWeights } from '../read-weights.js';
import { checkOnnxNumbers } from './check-numbers.js';
import type { OnnxFamily, OnnxManifest } from './onnx-family.js';
import { describeValue, readOnnxFile } from './onnx-file.js';
import { pictureInputOf } from './onnx-input.js';
import { WRAPPED_INPUT, wrapOnnx } from './wrap-onnx.js';

/** An architecture of ONNX files. */
export interface OnnxArchitecture extends Architecture<OnnxManifest> {
  readonly family: OnnxFamily;
}

const side = z.int().min(1).max(MAX_SIDE);
const channels = z.tuple([z.number(), z.number(), z.number()]);
const positive = z.number().positive();

const inputSchema = z.strictObject({
  width: side,
  height: side,
  channels: z.literal(['rgb', 'bgr']),
  scale: positive,
  mean: channels.optional(),
  std: z.tuple([positive, positive, positive]).optional(),
  anySize: z.boolean().optional(),
  batch: z.literal(1).optional(),
  letterbox: letterboxSchema({ placement: z.literal(['centre', 'top-left']).optional() }),
});

/** The architecture of a family of detectors. */
export function onnxArchitecture(family: OnnxFamily): OnnxArchitecture {
  const { name } = family;
  return {
    name,
    family,
    summary: family.summary,
    onnxOnly: true,
    manifest: z.strictObject({
      ...manifestKeys,
      architecture: z.literal(name),
      input: inputSchema,
      outputs: z
        .array(z.strictObject({ name: z.string(), layout: z.literal(['nchw', 'nhwc']) }))
        .min(1)
        .max(16),
      form: z.literal([...family.forms]),
      anchors: z
        .array(z.tuple([positive, positive]))
        .min(1)
        .optional(),
      anchorMask: z.array(z.array(z.int().min(0)).min(1)).optional(),
      weights: z.strictObject(weightsKeys),
    }),
    title: ({ form }) => `${name} (${form}), ONNX`,
    atSize(manifest, size) {
      const { width, height, anySize } = manifest.input;
      if (anySize === true || (size.width === width && size.height === height)) {
        return { ...manifest, input: { ...manifest.input, ...size } };
      }
      throw new SightlineError(
        'ERR_USAGE',
        `model "${manifest.name}" takes ${width}x${height} only: its file was exported for that size, not ${size.width}x${size.height}`,
      );
    },
    read: async (dir, manifest) => ({ kind: 'onnx', onnx: await readProgram(dir, manifest) }),
    createDecoder: (manifest, thresholds) => family.createDecoder(manifest, thresholds),
    async describe(dir, manifest) {
      const origin = join(dir, manifest.weights.file);
      const file = readOnnxFile(await readWeights(dir, manifest), origin);
      const { producer, opset, precision, operations, parameters } = file;
      const count = [...operations.values()].reduce((sum, each) => sum + each, 0);
      const [inputs, outputs] = [file.inputs.map(describeValue), file.outputs.map(describeValue)];
      const { form, anchors, anchorMask } = manifest;
      return {
        precision,
        facts: [
          ['takes', inputs.join('; ')],
          ['gives', outputs.join('; ')],
          [
            'file',
            `opset ${opset}, ${count} operations, ${parameters.toLocaleString('en-US')} parameters, by ${producer || 'an unknown program'}`,
          ],
        ],
        details: {
          form,
          anchors,
          anchorMask,
          onnx: { producer, opset, inputs, outputs, operations: count, parameters },
        },
      };
    },
  };
}

async function readProgram(dir: string, manifest: OnnxManifest): Promise<OnnxProgram> {
  const origin = join(dir, manifest.weights.file);
  const bytes = await readWeights(dir, manifest);
  const picture = pictureInputOf(readOnnxFile(bytes, origin), origin);
  checkOnnxNumbers(bytes, origin);
  const { width, height, batch } = manifest.input;
  for (const [key, own, said] of [
    ['width', picture.width, width],
    ['height', picture.height, height],
  ] as const) {
    if (own === undefined || own === said) continue;
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `"${origin}" has the ${key} ${own}, model.json says ${said}`,
    );
  }
  const wrapped = wrapOnnx(
    bytes,
    picture,
    manifest.input,
    manifest.outputs.map(({ name }) => name),
  );
  return {
    bytes: wrapped.bytes,
    input: WRAPPED_INPUT,
    width,
    height,
    outputs: manifest.outputs.map(({ layout }, at) => ({ name: wrapped.outputs[at]!, layout })),
    maxBatch: picture.batch ?? batch ?? Infinity,
  };
}
