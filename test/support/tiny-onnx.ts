/** ONNX files as other programs write them, small enough to work out by hand what must come of them. */
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  DIMENSION,
  GRAPH,
  METADATA,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from '../../src/model/export/onnx-fields.js';
import { ProtobufWriter } from '../../src/model/export/protobuf.js';

type Sizes = readonly (number | string)[];

/** An output that is always the same, or with `input` what the input is. */
interface TinyOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data?: readonly number[];
}

interface TinyModel {
  /** float32 `[1, 3, 64, 64]` if not given. */
  readonly input?: { readonly shape?: Sizes; readonly type?: keyof typeof DATA_TYPE };
  readonly outputs: readonly TinyOutput[];
  /** Written as float16, in the file and out of it. */
  readonly half?: boolean;
  /** Outputs are repeated for each picture of a batch. */
  readonly freeBatch?: boolean;
  readonly opset?: number;
  /** Names of inputs besides the picture. */
  readonly others?: readonly string[];
  /** An operation that stands in the graph for nothing. */
  readonly operation?: string;
  /** File that the numbers of the first output are said to be in. */
  readonly external?: string;
}

/** The bytes of a model whose input is called `images`. */
export function tinyOnnx(model: TinyModel): Uint8Array {
  const { input = {}, outputs, half = false, opset = 17, others = [], operation } = model;
  const graph = new ProtobufWriter().string(GRAPH.name, 'tiny');
  const float = half ? DATA_TYPE.float16 : DATA_TYPE.float;
  value(graph, GRAPH.input, 'images', DATA_TYPE[input.type ?? 'float'], input.shape ?? [1, 3, 64, 64]);
  for (const name of others) value(graph, GRAPH.input, name, DATA_TYPE.int64, [1, 2]);
  for (const [index, { name, shape, data }] of outputs.entries()) {
    if (data === undefined) node(graph, 'Identity', ['images'], name);
    else {
      tensor(graph, `${name}/data`, shape, data, index === 0 ? model.external : undefined);
      const source = half ? `${name}/half` : `${name}/data`;
      if (half) node(graph, 'Cast', [`${name}/data`], source, { to: DATA_TYPE.float16 });
      if (model.freeBatch === true) repeat(graph, source, name, shape.length);
      else node(graph, 'Identity', [source], name);
    }
    value(graph, GRAPH.output, name, float, model.freeBatch === true ? ['N', ...shape.slice(1)] : shape);
  }
  if (operation !== undefined) node(graph, operation, ['images'], 'nothing');
  return new ProtobufWriter()
    .integer(MODEL.irVersion, 8)
    .string(MODEL.producerName, 'by hand')
    .message(MODEL.opsetImport, (set) => set.integer(OPSET.version, opset))
    .append(MODEL.graph, graph)
    .finish();
}

/** `target` is `source` once for each picture of the batch. */
function repeat(graph: ProtobufWriter, source: string, target: string, rank: number): void {
  node(graph, 'Shape', ['images'], `${target}/shape`);
  integers(graph, `${target}/first`, [0]);
  node(graph, 'Gather', [`${target}/shape`, `${target}/first`], `${target}/count`, { axis: 0 });
  integers(graph, `${target}/ones`, new Array<number>(rank - 1).fill(1));
  node(graph, 'Concat', [`${target}/count`, `${target}/ones`], `${target}/wanted`, { axis: 0 });
  node(graph, 'Expand', [source, `${target}/wanted`], target);
}

function node(
  graph: ProtobufWriter,
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): void {
  graph.message(GRAPH.node, (message) => {
    for (const name of inputs) message.string(NODE.input, name);
    message.string(NODE.output, output).string(NODE.opType, opType);
    for (const [name, integer] of Object.entries(attributes)) {
      message.message(NODE.attribute, (attribute) =>
        attribute
          .string(ATTRIBUTE.name, name)
          .integer(ATTRIBUTE.integer, integer)
          .integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.integer),
      );
    }
  });
}

function value(graph: ProtobufWriter, field: number, name: string, type: number, shape: Sizes): void {
  graph.message(field, (info) => {
    info.string(VALUE_INFO.name, name).message(VALUE_INFO.type, (kind) =>
      kind.message(TYPE.tensor, (of) => {
        of.integer(TENSOR_TYPE.elementType, type).message(TENSOR_TYPE.shape, (dims) => {
          for (const size of shape) {
            dims.message(SHAPE.dimension, (dim) =>
              typeof size === 'number'
                ? dim.integer(DIMENSION.value, size)
                : dim.string(DIMENSION.parameter, size),
            );
          }
        });
      }),
    );
  });
}

function tensor(
  graph: ProtobufWriter,
  name: string,
  shape: readonly number[],
  data: readonly number[],
  external: string | undefined,
): void {
  graph.message(GRAPH.initializer, (message) => {
    for (const size of shape) message.integer(TENSOR.dims, size);
    message.integer(TENSOR.dataType, DATA_TYPE.float).string(TENSOR.name, name);
    if (external === undefined) message.bytes(TENSOR.rawData, new Uint8Array(Float32Array.from(data).buffer));
    else {
      message
        .message(TENSOR.externalData, (entry) =>
          entry.string(METADATA.key, 'location').string(METADATA.value, external),
        )
        .integer(TENSOR.dataLocation, 1);
    }
  });
}

function integers(graph: ProtobufWriter, name: string, values: readonly number[]): void {
  graph.message(GRAPH.initializer, (message) =>
    message
      .integer(TENSOR.dims, values.length)
      .integer(TENSOR.dataType, DATA_TYPE.int64)
      .string(TENSOR.name, name)
      .bytes(TENSOR.rawData, new Uint8Array(BigInt64Array.from(values, BigInt).buffer)),
  );
}
