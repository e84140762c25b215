/** Detectors that come as ONNX files of other programs: what a family of them says of itself. */
import type { InputSettings, ModelManifest } from '../architectures/base-manifest.js';
import type { OnnxOutput } from '../backends/backend.js';
import type { OnnxResult } from '../backends/onnxruntime.js';
import type { AnchorSet } from '../decode/head-anchors.js';
import type { OutputDecoder } from '../decode/candidates.js';

/** model.json of somebody else's ONNX file. */
export interface OnnxManifest extends ModelManifest {
  /** The outputs that are read, in the order in which the family's decoder takes them. */
  readonly outputs: readonly OnnxOutput[];
  /** What they mean, of the forms that the family knows. */
  readonly form: string;
  /** Prior boxes, where the form has some. */
  readonly anchors?: AnchorSet['anchors'] | undefined;
  readonly anchorMask?: AnchorSet['anchorMask'] | undefined;
}

/** What the programs of a family feed their networks with and keep of their answers, unless told otherwise. */
export interface FamilyDefaults
  extends
    Pick<InputSettings, 'channels' | 'scale' | 'mean' | 'std' | 'letterbox'>,
    Pick<ModelManifest, 'defaults'> {}

/** A family of detectors whose files have outputs that mean the same. */
export interface OnnxFamily {
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Side of the input where a file leaves it open. */
  readonly side: number;
  readonly defaults: FamilyDefaults;
  /** All that `form` may be. */
  readonly forms: readonly [string, ...string[]];
  /** Looks at what came out for a grey picture. @returns what was expected and is not there, if it is another's. */
  recognise(outputs: readonly OnnxResult[], wanted: WantedOutputs): Recognised | string;
  createDecoder(manifest: OnnxManifest, thresholds: Float64Array): OutputDecoder;
}

/** Statistics of ImageNet, of samples from 0 to 1: mean and standard deviation of red, green and blue. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** What is known before the outputs are looked at. */
export interface WantedOutputs {
  readonly width: number;
  readonly height: number;
  /** Undefined if nobody named them. */
  readonly classes: number | undefined;
}

/** Outputs that a family knows. */
export interface Recognised extends Pick<OnnxManifest, 'outputs' | 'form'> {
  /** Classes in the outputs; undefined if they do not show how many there are. */
  readonly classes: number | undefined;
  /** What of the defaults is another for this form. */
  readonly defaults?: Partial<FamilyDefaults>;
  /** Whether the form has prior boxes, which the file does not hold. */
  readonly anchors?: boolean;
  /** What was assumed, a sentence each. */
  readonly notes?: readonly string[];
}

/** Cells of all grids of an input with one cell each so many pixels. */
export function cellsOf(
  { width, height }: Pick<WantedOutputs, 'width' | 'height'>,
  strides: readonly number[],
): number {
  return strides.reduce((sum, stride) => sum + Math.ceil(width / stride) * Math.ceil(height / stride), 0);
}

/** The strides of grids that together have so many cells: the usual three, or four with a coarser one. */
export function stridesOf(
  size: Pick<WantedOutputs, 'width' | 'height'>,
  cells: number,
): readonly number[] | undefined {
  return [
    [8, 16, 32],
    [8, 16, 32, 64],
  ].find((strides) => cellsOf(size, strides) === cells);
}

/** Least and largest of some channels of an output `[1, rows, channels]` or, in nchw, `[1, channels, rows]`. */
export function rangeOf(
  { shape, data }: OnnxResult,
  layout: OnnxOutput['layout'],
  from: number,
  until: number,
): { readonly least: number; readonly most: number } {
  const [, first = 0, second = 0] = shape;
  let least = Infinity;
  let most = -Infinity;
  for (let at = 0; at < data.length; at++) {
    const channel = layout === 'nhwc' ? at % second : Math.floor(at / second) % first;
    if (channel < from || channel >= until) continue;
    least = Math.min(least, data[at]!);
    most = Math.max(most, data[at]!);
  }
  return { least, most };
}

/** A little more than rounding adds to 0 and 1. */
const SLACK = 1e-3;

/** Whether all values can be probabilities. */
export function areProbabilities({
  least,
  most,
}: {
  readonly least: number;
  readonly most: number;
}): boolean {
  return least >= -SLACK && most <= 1 + SLACK;
}
