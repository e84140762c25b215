import { join } from 'node:path';
import { Yolov3Decoder } from '../../decode/yolov3-decoder.js';
import { anchorsOfHeads } from '../../decode/head-anchors.js';
import { describeNetwork } from '../../graph/describe.js';
import type { Network } from '../../graph/fold-batch-norm.js';
import { weightShapes } from '../../graph/graph.js';
import { readWeights } from '../../read-weights.js';
import { mostUsedType, readSafetensors } from '../../weights/safetensors.js';
import { checkNumbers, checkWeights } from '../../weights/weights.js';
import type { Architecture } from '../architecture.js';
import { efficientnetWeights } from './import-weights.js';
import { type EfficientNetManifest, manifestSchema, NAME } from './manifest.js';
import { buildNetwork, networkOptionsOf } from './yolov3.js';

/** EfficientNet (B0 to B7) with the head of YOLOv3: the bundled model's. */
export const efficientnetYolov3 = {
  name: NAME,
  summary: 'EfficientNet B0 to B7 with the head of YOLOv3; every backend runs it',
  onnxOnly: false,
  manifest: manifestSchema,
  title: ({ backbone }) => `${backbone}-yolov3`,
  // The network is the same at any size, and objects are looked for at the size in pixels that its anchors have.
  atSize: (manifest, size) => ({ ...manifest, input: { ...manifest.input, ...size } }),
  read: async (dir, manifest) => ({ kind: 'network', network: await readNetwork(dir, manifest) }),
  createDecoder: ({ anchors, anchorMask, input }, thresholds) =>
    new Yolov3Decoder({
      anchors,
      anchorMask,
      inputWidth: input.width,
      inputHeight: input.height,
      thresholds,
      clip: true,
    }),
  async describe(dir, manifest) {
    const { backbone, head } = manifest;
    const network = describeNetwork((await readNetwork(dir, manifest)).graph);
    const anchors = anchorsOfHeads(manifest).map(pairs);
    const boxes = anchors.map(
      (sides, index) => `p${5 - index} ${sides.map(([width, height]) => `${width}x${height}`).join(' ')}`,
    );
    return {
      precision: mostUsedType(await readWeights(dir, manifest)),
      facts: [['anchors', boxes.join('; ')]],
      details: { backbone, head, anchors },
      network,
    };
  },
  weights: efficientnetWeights,
} satisfies Architecture<EfficientNetManifest> & { readonly weights: unknown };

/** Graph and numbers of a model folder, checked against each other, nothing folded. */
async function readNetwork(dir: string, manifest: EfficientNetManifest): Promise<Network> {
  const origin = join(dir, manifest.weights.file);
  const weights = readSafetensors(await readWeights(dir, manifest), origin);
  const graph = buildNetwork(networkOptionsOf(manifest));
  checkWeights(weights, weightShapes(graph), origin);
  checkNumbers(weights, manifest.batchNormEpsilon, origin);
  return { graph, weights };
}

function pairs(sides: Float64Array): [number, number][] {
  return Array.from({ length: sides.length / 2 }, (_, at) => [sides[2 * at]!, sides[2 * at + 1]!]);
}
