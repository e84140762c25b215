import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTE,
  DATA_TYPE,
  GRAPH,
  MODEL,
  NODE,
  TENSOR,
} from '../../../../src/model/export/onnx-fields.js';
import { ProtobufWriter } from '../../../../src/model/export/protobuf.js';
import { checkOnnxNumbers } from '../../../../src/model/onnx/check-numbers.js';

type Write = (tensor: ProtobufWriter) => ProtobufWriter;

/** Two values of each way to write them: 1 and the pattern of a bad one. */
const NAN: readonly (readonly [string, Write])[] = [
  ['float32', raw(DATA_TYPE.float, Float32Array.of(1, NaN))],
  ['float64', raw(DATA_TYPE.double, Float64Array.of(1, NaN))],
  ['float16', raw(DATA_TYPE.float16, Uint16Array.of(0x3c00, 0x7e00))],
  ['bfloat16', raw(DATA_TYPE.bfloat16, Uint16Array.of(0x3f80, 0x7fc0))],
  ['float32 in a list', listed(DATA_TYPE.float, TENSOR.floats, Float32Array.of(1, NaN))],
  ['float64 in a list', listed(DATA_TYPE.double, TENSOR.doubles, Float64Array.of(1, NaN))],
  [
    'float16 in a list',
    (tensor) =>
      tensor
        .integer(TENSOR.dataType, DATA_TYPE.float16)
        .integer(TENSOR.int32s, 0x3c00)
        .integer(TENSOR.int32s, 0x7e00),
  ],
];
const INFINITE = raw(DATA_TYPE.float, Float32Array.of(1, -Infinity));

describe('checkOnnxNumbers', () => {
  it.each(NAN)('finds NaN in %s', (_, write) => {
    const place = {
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(/^"w\.onnx" has NaN in "k" \(value 1 of 2\)/) as string,
    };
    expect(checking(model('Add', write))).toThrow(expect.objectContaining(place));
    expect(checking(constant(write))).toThrow(expect.objectContaining(place));
    expect(checking(within(constant(write)))).toThrow(expect.objectContaining(place));
  });

  it('refuses infinities where they are weights, and lets masks have them', () => {
    expect(checking(model('Conv', INFINITE))).toThrow(/has -Infinity in "k"/);
    expect(checking(model('MatMul', INFINITE))).toThrow(/has -Infinity in "k"/);
    expect(checking(model('Add', INFINITE))).not.toThrow();
    expect(checking(constant(INFINITE))).not.toThrow();
  });

  it('lets numbers of every type pass', () => {
    expect(checking(model('Conv', raw(DATA_TYPE.float, Float32Array.of(1, -3e38))))).not.toThrow();
    expect(checking(model('Conv', raw(DATA_TYPE.int64, BigInt64Array.of(-1n, 1n))))).not.toThrow();
    expect(checking(model('Conv', raw(DATA_TYPE.uint8, Uint8Array.of(255, 255))))).not.toThrow();
  });
});

function checking(graph: ProtobufWriter): () => void {
  return () => {
    checkOnnxNumbers(new ProtobufWriter().append(MODEL.graph, graph).finish(), 'w.onnx');
  };
}

function raw(
  type: number,
  data: Float32Array | Float64Array | Uint16Array | BigInt64Array | Uint8Array,
): Write {
  const bytes = new Uint8Array(data.buffer);
  return (tensor) => tensor.integer(TENSOR.dataType, type).bytes(TENSOR.rawData, bytes);
}

/** A packed list of numbers. */
function listed(type: number, field: number, data: Float32Array | Float64Array): Write {
  const bytes = new Uint8Array(data.buffer);
  return (tensor) => tensor.integer(TENSOR.dataType, type).bytes(field, bytes);
}

/** A graph of one operation with the operand `k`. */
function model(operation: string, write: Write): ProtobufWriter {
  return new ProtobufWriter()
    .message(GRAPH.node, (node) =>
      node
        .string(NODE.input, 'x')
        .string(NODE.input, 'k')
        .string(NODE.output, 'y')
        .string(NODE.opType, operation),
    )
    .message(GRAPH.initializer, (tensor) => write(tensor.string(TENSOR.name, 'k')));
}

/** A graph whose operand is a node. */
function constant(write: Write): ProtobufWriter {
  return new ProtobufWriter().message(GRAPH.node, (node) =>
    node
      .string(NODE.output, 'k')
      .string(NODE.opType, 'Constant')
      .message(NODE.attribute, (attribute) => attribute.message(ATTRIBUTE.tensor, write)),
  );
}

/** A graph in the branch of another. */
function within(graph: ProtobufWriter): ProtobufWriter {
  return new ProtobufWriter().message(GRAPH.node, (node) =>
    node
      .string(NODE.opType, 'If')
      .message(NODE.attribute, (attribute) => attribute.append(ATTRIBUTE.graph, graph)),
  );
}
