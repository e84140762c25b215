import { ProtobufWriter } from './protobuf.js';

/** The value of one attribute of a TensorFlow node. */
export type GraphDefAttribute =
  | { readonly float: number }
  | { readonly integer: number }
  | { readonly boolean: boolean }
  | { readonly string: string }
  | { readonly type: number }
  | { readonly integers: readonly number[] };

/** DataType of tensorflow/core/framework/types.proto. */
export const DATA_TYPE = { float: 1, int32: 3, uint8: 4, bfloat16: 14 } as const;

// Field numbers of tensorflow/core/framework: graph, node_def, attr_value, tensor, tensor_shape and versions.proto.
const GRAPH = { node: 1, versions: 4 } as const;
const VERSIONS = { producer: 1 } as const;
const NODE = { name: 1, op: 2, input: 3, attribute: 5 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const ATTRIBUTE = {
  list: 1,
  string: 2,
  integer: 3,
  float: 4,
  boolean: 5,
  type: 6,
  shape: 7,
  tensor: 8,
} as const;
const LIST = { integers: 3 } as const;
const TENSOR = { dataType: 1, shape: 2, content: 4 } as const;
const SHAPE = { dimension: 2 } as const;
const DIMENSION = { size: 1 } as const;

/** TF_GRAPH_DEF_VERSION of TensorFlow 2.9, the oldest that tfjs-node 4 comes with. Later ones read it. */
const PRODUCER = 1087;

/** Collects the nodes of one GraphDef. Values are known by the name of the node that makes them. */
export class GraphDefWriter {
  readonly #graph = new ProtobufWriter();
  readonly #constants = new Set<string>();

  /** An input of bytes. @param shape −1 is a size that is known only when the graph runs. */
  placeholder(name: string, shape: readonly number[]): void {
    this.#node('Placeholder', name, [], (node) => {
      writeAttribute(node, 'dtype', { type: DATA_TYPE.uint8 });
      node.message(NODE.attribute, (entry) => {
        entry.string(ENTRY.key, 'shape').message(ENTRY.value, (value) => {
          value.message(ATTRIBUTE.shape, (message) => {
            writeShape(message, shape);
          });
        });
      });
    });
  }

  /**
   * A constant; given twice under one name it is written once.
   * @param data must not change before {@link finish}; 16-bit numbers are bfloat16.
   * @returns the name.
   */
  constant(
    name: string,
    shape: readonly number[],
    data: Float32Array | Int32Array | Uint16Array<ArrayBuffer>,
  ): string {
    if (this.#constants.has(name)) return name;
    this.#constants.add(name);
    const dataType = dataTypeOf(data);
    this.#node('Const', name, [], (node) => {
      writeAttribute(node, 'dtype', { type: dataType });
      node.message(NODE.attribute, (entry) => {
        entry.string(ENTRY.key, 'value').message(ENTRY.value, (value) => {
          value.message(ATTRIBUTE.tensor, (tensor) => {
            tensor.integer(TENSOR.dataType, dataType);
            tensor.message(TENSOR.shape, (message) => {
              writeShape(message, shape);
            });
            tensor.bytes(TENSOR.content, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          });
        });
      });
    });
    return name;
  }

  /** Makes numbers of type `to` of those of type `from`. */
  cast(name: string, input: string, from: number, to: number): void {
    this.#node('Cast', name, [input], (node) => {
      writeAttribute(node, 'SrcT', { type: from });
      writeAttribute(node, 'DstT', { type: to });
    });
  }

  /** An operation on numbers of one type. */
  node(
    op: string,
    name: string,
    inputs: readonly string[],
    type: number,
    attributes: Readonly<Record<string, GraphDefAttribute>> = {},
  ): void {
    this.#node(op, name, inputs, (node) => {
      writeAttribute(node, 'T', { type });
      for (const [key, value] of Object.entries(attributes)) writeAttribute(node, key, value);
    });
  }

  /** The message so far. */
  finish(): ProtobufWriter {
    return this.#graph.message(GRAPH.versions, (versions) => versions.integer(VERSIONS.producer, PRODUCER));
  }

  #node(op: string, name: string, inputs: readonly string[], write: (node: ProtobufWriter) => void): void {
    this.#graph.message(GRAPH.node, (node) => {
      node.string(NODE.name, name).string(NODE.op, op);
      for (const input of inputs) node.string(NODE.input, input);
      write(node);
    });
  }
}

/** Writes the sizes of a TensorShapeProto. */
export function writeShape(message: ProtobufWriter, shape: readonly number[]): void {
  for (const size of shape) message.message(SHAPE.dimension, (dim) => dim.integer(DIMENSION.size, size));
}

function dataTypeOf(data: Float32Array | Int32Array | Uint16Array): number {
  if (data instanceof Float32Array) return DATA_TYPE.float;
  return data instanceof Int32Array ? DATA_TYPE.int32 : DATA_TYPE.bfloat16;
}

function writeAttribute(node: ProtobufWriter, key: string, attribute: GraphDefAttribute): void {
  node.message(NODE.attribute, (entry) => {
    entry.string(ENTRY.key, key).message(ENTRY.value, (value) => {
      writeValue(value, attribute);
    });
  });
}

function writeValue(value: ProtobufWriter, attribute: GraphDefAttribute): void {
  if ('float' in attribute) value.float(ATTRIBUTE.float, attribute.float);
  else if ('integer' in attribute) value.integer(ATTRIBUTE.integer, attribute.integer);
  else if ('boolean' in attribute) value.boolean(ATTRIBUTE.boolean, attribute.boolean);
  else if ('string' in attribute) value.string(ATTRIBUTE.string, attribute.string);
  else if ('type' in attribute) value.integer(ATTRIBUTE.type, attribute.type);
  else {
    value.message(ATTRIBUTE.list, (list) => {
      for (const item of attribute.integers) list.integer(LIST.integers, item);
    });
  }
}
