import * as z from 'zod';
import { MAX_SIDE, SIZE_STEP } from '../../../geometry/input-size.js';
import { letterboxSchema, manifestKeys, type ModelManifest, weightsKeys } from '../base-manifest.js';

/** The size steps of EfficientNet, B0 to B7. */
export type Phi = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Name of the architecture. */
export const NAME = 'efficientnet-yolov3';

/** Width and height of one prior box, in pixels of the network's input. */
type Anchor = readonly [width: number, height: number];

/** model.json of an EfficientNet-YOLOv3. Sides of its input are multiples of 32; its pictures are RGB. */
export interface EfficientNetManifest extends ModelManifest {
  readonly architecture: typeof NAME;
  /** `efficientnet-b0` … `efficientnet-b7`; see {@link phiOf}. */
  readonly backbone: `efficientnet-b${Phi}`;
  readonly head: 'yolov3';
  /** Nine prior boxes. */
  readonly anchors: readonly Anchor[];
  /** For each head (p5, p4, p3) the indices of its three anchors. */
  readonly anchorMask: readonly (readonly [number, number, number])[];
  readonly batchNormEpsilon: number;
  /** Kernels are H,W,I,O and depthwise kernels H,W,C,1. */
  readonly weights: ModelManifest['weights'] & { readonly layout: 'keras' };
}

const side = z
  .int()
  .min(SIZE_STEP)
  .max(MAX_SIDE)
  .multipleOf(SIZE_STEP, { error: `must be a multiple of ${SIZE_STEP}` });
const anchorIndex = z.int().min(0).max(8);

const anchorList = z.array(z.tuple([z.number().positive(), z.number().positive()])).length(9);

const anchorMasks = z
  .array(z.tuple([anchorIndex, anchorIndex, anchorIndex]))
  .length(3)
  .refine((rows) => new Set(rows.flat()).size === 9, { error: 'must use each of the nine anchors once' });

/** Checks model.json. */
export const manifestSchema: z.ZodType<EfficientNetManifest> = z.strictObject({
  ...manifestKeys,
  architecture: z.literal(NAME).default(NAME),
  backbone: z.templateLiteral(['efficientnet-b', z.literal([0, 1, 2, 3, 4, 5, 6, 7])], {
    error: 'must be efficientnet-b0 to efficientnet-b7',
  }),
  head: z.literal('yolov3'),
  input: z.strictObject({
    width: side,
    height: side,
    channels: z.literal('rgb'),
    scale: z.number().positive(),
    letterbox: letterboxSchema({}),
  }),
  anchors: anchorList,
  anchorMask: anchorMasks,
  batchNormEpsilon: z.number().positive(),
  weights: z.strictObject({ ...weightsKeys, layout: z.literal('keras') }),
});

/** Whether a manifest is one of this architecture. */
export function isEfficientNet(manifest: ModelManifest): manifest is EfficientNetManifest {
  return manifest.architecture === NAME;
}

/** The EfficientNet step of a manifest's backbone. */
export function phiOf(manifest: EfficientNetManifest): Phi {
  return Number(manifest.backbone.slice('efficientnet-b'.length)) as Phi;
}
