/**
 * The decoder as ONNX operations, for files that are to be run elsewhere: YOLOv3's formulas (Redmon and Farhadi 2018,
 * §2.1) as src/model/decode.ts has them, without thresholds, letterbox and suppression.
 */
import { SightlineError } from '../../../errors.js';
import { type AnchorSet, anchorsOfHeads } from '../../decode/head-anchors.js';
import type { Shape } from '../../graph/graph.js';
import type { OnnxGraphWriter } from '../../export/onnx-graph.js';

/** A raw head in the graph: float32 `[batch, anchors × (5 + classes), height, width]`. */
export interface RawHead extends Shape {
  /** Name of its value. */
  readonly value: string;
}

/** What the formulas need besides the heads. */
export interface DecodeConstants extends AnchorSet {
  /** Size of the network's input. */
  readonly input: Shape;
}

/** Values of an anchor before its class logits: x and y, width and height, objectness. */
const BOX_VALUES = 5;

/**
 * Ends the graph in two outputs with a row for each anchor, heads coarse to fine, in each head anchor by anchor, in each
 * anchor row by row: `boxes` float32 `[batch, rows, 4]`, x1 y1 x2 y2 in pixels of the network's input and not clipped to
 * it, and `scores` float32 `[batch, rows, classes]`, σ(objectness) · σ(class).
 * @throws SightlineError ERR_MODEL_INVALID if the anchors are not those of these heads.
 */
export function emitDecode(
  writer: OnnxGraphWriter,
  heads: readonly RawHead[],
  constants: DecodeConstants,
): void {
  const anchors = anchorsOfHeads(constants);
  const classes = classesOf(heads, anchors);
  for (const [index, head] of heads.entries()) {
    emitHead(writer, head, anchors[index]!, classes, constants.input);
  }
  let rows = 0;
  for (const [index, { height, width }] of heads.entries()) {
    rows += (anchors[index]!.length / 2) * height * width;
  }
  for (const [name, values] of [
    ['boxes', 4],
    ['scores', classes],
  ] as const) {
    const parts = heads.map(({ value }) => `${value}/${name}/rows`);
    writer.node('Concat', parts, [name], { axis: { integer: 1 } });
    writer.output(name, [rows, values]);
  }
}

function classesOf(heads: readonly RawHead[], anchors: readonly Float64Array[]): number {
  const counts = heads.map(
    ({ channels }, index) => channels / ((anchors[index]?.length ?? 0) / 2) - BOX_VALUES,
  );
  const [classes = 0] = counts;
  if (classes > 0 && Number.isInteger(classes) && counts.every((count) => count === classes)) return classes;
  throw new SightlineError(
    'ERR_MODEL_INVALID',
    `heads of ${heads.map(({ channels }) => channels).join(', ')} channels do not fit the anchor mask of model.json`,
  );
}

function emitHead(
  writer: OnnxGraphWriter,
  { value, height, width }: RawHead,
  anchors: Float64Array,
  classes: number,
  input: Shape,
): void {
  const name = (part: string): string => `${value}/${part}`;
  const cells = height * width;
  const count = anchors.length / 2;

  // [batch, anchors, values, cells]; a 0 keeps the batch as it is.
  writer.integers(name('shape'), [0, count, BOX_VALUES + classes, cells]);
  writer.node('Reshape', [value, name('shape')], [name('anchors')]);
  writer.integers('decode/parts', [2, 2, 1, classes]);
  const parts = ['txy', 'twh', 'objectness', 'classes'].map(name);
  writer.node('Split', [name('anchors'), 'decode/parts'], parts, { axis: { integer: 2 } });
  const [txy = '', twh = '', objectness = '', classLogits = ''] = parts;

  writer.floats(name('corners'), [1, 1, 2, cells], cellCorners(width, height));
  writer.floats(name('stride'), [1, 1, 2, 1], Float32Array.of(input.width / width, input.height / height));
  writer.node('Sigmoid', [txy], [name('offset')]);
  writer.node('Add', [name('offset'), name('corners')], [name('position')]);
  writer.node('Mul', [name('position'), name('stride')], [name('centre')]);

  writer.floats(
    name('half_anchors'),
    [1, count, 2, 1],
    Float32Array.from(anchors, (side) => side / 2),
  );
  writer.node('Exp', [twh], [name('growth')]);
  writer.node('Mul', [name('growth'), name('half_anchors')], [name('half')]);
  writer.node('Sub', [name('centre'), name('half')], [name('least')]);
  writer.node('Add', [name('centre'), name('half')], [name('most')]);
  writer.node('Concat', [name('least'), name('most')], [name('boxes')], { axis: { integer: 2 } });

  writer.node('Sigmoid', [objectness], [name('object')]);
  writer.node('Sigmoid', [classLogits], [name('class')]);
  writer.node('Mul', [name('object'), name('class')], [name('scores')]);

  for (const [part, values] of [
    ['boxes', 4],
    ['scores', classes],
  ] as const) {
    writer.node('Transpose', [name(part)], [name(`${part}/cells`)], { perm: { integers: [0, 1, 3, 2] } });
    writer.integers(name(`${part}/shape`), [0, count * cells, values]);
    writer.node('Reshape', [name(`${part}/cells`), name(`${part}/shape`)], [name(`${part}/rows`)]);
  }
}

/** The column of each cell, then the row of each cell. */
function cellCorners(width: number, height: number): Float32Array {
  const cells = width * height;
  return Float32Array.from({ length: 2 * cells }, (_, at) =>
    at < cells ? at % width : Math.floor((at - cells) / width),
  );
}
