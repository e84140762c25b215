import { SightlineError } from '../../errors.js';
import { describeValue, type OnnxFile, type OnnxValue } from './onnx-file.js';

/** How pictures go into somebody else's ONNX model. */
export interface OnnxInput {
  readonly name: string;
  readonly type: 'float32' | 'float16' | 'uint8';
  readonly layout: 'nchw' | 'nhwc';
  /** Pictures of one call; undefined if any number. */
  readonly batch: number | undefined;
  /** Undefined if free. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies OnnxInput['type'][];
const CHANNELS = 3;

/**
 * The one input of a model that takes pictures and nothing else.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_MODEL_INVALID with what was expected and what is there.
 */
export function pictureInputOf({ inputs }: OnnxFile, origin: string): OnnxInput {
  const [input, ...others] = inputs;
  const refuse = (expected: string): SightlineError =>
    new SightlineError(
      'ERR_MODEL_INVALID',
      `"${origin}" takes ${inputs.map(describeValue).join(' and ') || 'nothing'}; expected ${expected}`,
    );
  if (input === undefined || others.length > 0) {
    throw refuse('one input, the picture: export the model without the steps that need anything else');
  }
  const { name, type, shape } = input;
  if (!isType(type)) throw refuse(`an input of ${TYPES.join(', ')}`);
  const layout = layoutOf(shape);
  if (shape === undefined || layout === undefined) {
    throw refuse('pictures of three channels, [batch, 3, height, width] or [batch, height, width, 3]');
  }
  const sizes = shape.map((size) => (typeof size === 'number' ? size : undefined));
  const [batch, height, width] = layout === 'nchw' ? [sizes[0], sizes[2], sizes[3]] : sizes;
  if (batch !== undefined && batch > 1) {
    throw refuse('pictures one by one or in any number: export the model with a batch of 1 or a free one');
  }
  return { name, type, layout, batch, width, height };
}

/** Of a shape whose channels are free as well, PyTorch's order is assumed. */
function layoutOf(shape: OnnxValue['shape']): OnnxInput['layout'] | undefined {
  if (shape?.length !== 4) return undefined;
  if (shape[1] === CHANNELS) return 'nchw';
  if (shape[3] === CHANNELS) return 'nhwc';
  return typeof shape[1] === 'string' ? 'nchw' : undefined;
}

function isType(type: string): type is OnnxInput['type'] {
  return TYPES.includes(type);
}
