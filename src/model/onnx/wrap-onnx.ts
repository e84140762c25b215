/**
 * Puts our kind of pictures in front of somebody else's ONNX model, and floats behind it: a few nodes around a graph that
 * stays as it is. onnxruntime then does the conversion in its own threads, and pixels travel as bytes.
 */
import type { InputSettings } from '../architectures/base-manifest.js';
import { DATA_TYPE, GRAPH, MODEL, VALUE_INFO } from '../export/onnx-fields.js';
import { OnnxGraphWriter } from '../export/onnx-graph.js';
import type { OnnxInput } from './onnx-input.js';
import { readFields, stringIn } from './protobuf-reader.js';

/** Name of the input of a wrapped model: uint8 `[batch, height, width, 3]`, RGB. */
export const WRAPPED_INPUT = 'sightline/images';

/** A model's graph with ours around it. */
export interface WrappedOnnx {
  readonly bytes: Uint8Array;
  /** Names of the outputs, in the order asked for: float32, whatever they were. */
  readonly outputs: readonly string[];
}

/** Before this version weights had to stand among the inputs, which ours do not. */
const LEAST_IR_VERSION = 4;

/**
 * The model that takes RGB bytes and gives floats.
 * @param model an ONNX file that was read before.
 * @param outputs names of those that are wanted; what only the others need is not computed.
 */
export function wrapOnnx(
  model: Uint8Array,
  input: OnnxInput,
  settings: Omit<InputSettings, 'letterbox'>,
  outputs: readonly string[],
): WrappedOnnx {
  const writer = new OnnxGraphWriter();
  writePictures(writer, input, settings);
  const fields: Uint8Array[] = [];
  let irVersion = 0;
  for (const { field, integer, bytes, whole } of readFields(model)) {
    if (field === MODEL.graph) copyGraph(writer, bytes, input.name);
    else if (field === MODEL.irVersion) irVersion = integer;
    else fields.push(whole);
  }
  const floats = outputs.map((name) => `sightline/${name}`);
  for (const [index, name] of outputs.entries()) {
    writer.node('Cast', [name], [floats[index]!], { to: { integer: DATA_TYPE.float } });
    writer.shapelessOutput(floats[index]!);
  }
  const version = Math.max(irVersion, LEAST_IR_VERSION);
  return { bytes: writer.finishAs(fields, version), outputs: floats };
}

/** All of a graph but its outputs and the input that a node of ours takes the place of. */
function copyGraph(writer: OnnxGraphWriter, graph: Uint8Array, input: string): void {
  for (const { field, bytes, whole } of readFields(graph)) {
    if (field === GRAPH.output) continue;
    if (field === GRAPH.input && stringIn(bytes, VALUE_INFO.name) === input) continue;
    writer.fields(whole);
  }
}

/** From bytes, RGB and NHWC, to what the model wants. Bytes are moved before they grow to floats: a quarter of the traffic. */
function writePictures(
  writer: OnnxGraphWriter,
  { name, type, layout, batch }: OnnxInput,
  { width, height, channels, scale, mean, std }: Omit<InputSettings, 'letterbox'>,
): void {
  writer.input(WRAPPED_INPUT, [height, width, 3], batch);
  const steps: ((from: string, to: string) => void)[] = [];
  if (layout === 'nchw') {
    steps.push((from, to) => {
      writer.node('Transpose', [from], [to], { perm: { integers: [0, 3, 1, 2] } });
    });
  }
  if (channels === 'bgr') {
    steps.push((from, to) => {
      writer.integers('sightline/bgr', [2, 1, 0]);
      const axis = layout === 'nchw' ? 1 : 3;
      writer.node('Gather', [from, 'sightline/bgr'], [to], { axis: { integer: axis } });
    });
  }
  const cast = (dataType: number) => (from: string, to: string) => {
    writer.node('Cast', [from], [to], { to: { integer: dataType } });
  };
  if (type !== 'uint8') {
    steps.push(cast(DATA_TYPE.float));
    const shape = layout === 'nchw' ? [3, 1, 1] : [3];
    const factors = [0, 1, 2].map((at) => scale / (std?.[at] ?? 1));
    if (factors.some((factor) => factor !== 1)) {
      steps.push((from, to) => {
        writer.floats('sightline/factor', shape, Float32Array.from(factors));
        writer.node('Mul', [from, 'sightline/factor'], [to]);
      });
    }
    if (mean !== undefined) {
      steps.push((from, to) => {
        const offsets = mean.map((value, at) => value / (std?.[at] ?? 1));
        writer.floats('sightline/offset', shape, Float32Array.from(offsets));
        writer.node('Sub', [from, 'sightline/offset'], [to]);
      });
    }
    if (type === 'float16') steps.push(cast(DATA_TYPE.float16));
  }
  if (steps.length === 0)
    steps.push((from, to) => {
      writer.node('Identity', [from], [to]);
    });
  let value = WRAPPED_INPUT;
  for (const [index, step] of steps.entries()) {
    const next = index === steps.length - 1 ? name : `sightline/step${index}`;
    step(value, next);
    value = next;
  }
}
