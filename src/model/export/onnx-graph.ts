import { VERSION } from '../../version.js';
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
} from './onnx-fields.js';
import { ProtobufWriter } from './protobuf.js';

/** The value of one attribute of an ONNX node. */
export type OnnxAttribute =
  | { readonly float: number }
  | { readonly integer: number }
  | { readonly string: string }
  | { readonly integers: readonly number[] };

// The pair of ONNX 1.12 (June 2022): what runtimes of today and of some years ago read.
const IR_VERSION = 8;
const OPSET_VERSION = 17;
const BATCH = 'batch';

/** Collects the nodes, weights and ends of one ONNX model. Values are known by name. */
export class OnnxGraphWriter {
  /** What `Cast` calls float32. */
  readonly floatType = DATA_TYPE.float;
  readonly #graph = new ProtobufWriter();
  readonly #initializers = new Set<string>();

  /** An input of bytes `[batch, ...shape]`. @param batch free if not given. */
  input(name: string, shape: readonly number[], batch?: number): void {
    this.#value(GRAPH.input, name, DATA_TYPE.uint8, [batch ?? BATCH, ...shape]);
  }

  /** An output of floats `[batch, ...shape]`. */
  output(name: string, shape: readonly number[]): void {
    this.#value(GRAPH.output, name, DATA_TYPE.float, [BATCH, ...shape]);
  }

  /** An output of floats of which only the runtime knows the shape. */
  shapelessOutput(name: string): void {
    this.#value(GRAPH.output, name, DATA_TYPE.float, undefined);
  }

  /** Whole fields of a GraphProto that was written elsewhere. */
  fields(bytes: Uint8Array): void {
    this.#graph.fields(bytes);
  }

  /** A constant; given twice under one name it is written once. `data` must not change before {@link finish}. */
  floats(name: string, shape: readonly number[], data: Float32Array): void {
    this.#initializer(name, DATA_TYPE.float, shape, data);
  }

  /** A list of int64, such as a shape; given twice under one name it is written once. */
  integers(name: string, values: readonly number[]): void {
    this.#initializer(name, DATA_TYPE.int64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** An operation, named after its first output. An empty input name leaves an optional input out. */
  node(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): void {
    this.#graph.message(GRAPH.node, (node) => {
      for (const name of inputs) node.string(NODE.input, name);
      for (const name of outputs) node.string(NODE.output, name);
      node.string(NODE.name, outputs[0] ?? opType);
      node.string(NODE.opType, opType);
      for (const [name, value] of Object.entries(attributes)) {
        node.message(NODE.attribute, (attribute) => {
          writeAttribute(attribute.string(ATTRIBUTE.name, name), value);
        });
      }
    });
  }

  /**
   * The model's bytes; they belong to the caller.
   * @param metadata free text by name, for people and programs that read the file.
   */
  finish(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    this.#graph.string(GRAPH.name, 'sightline');
    const model = new ProtobufWriter()
      .integer(MODEL.irVersion, IR_VERSION)
      .string(MODEL.producerName, 'sightline')
      .string(MODEL.producerVersion, VERSION)
      .message(MODEL.opsetImport, (opset) => opset.integer(OPSET.version, OPSET_VERSION))
      .append(MODEL.graph, this.#graph);
    for (const [key, value] of Object.entries(metadata)) {
      model.message(MODEL.metadata, (entry) => entry.string(METADATA.key, key).string(METADATA.value, value));
    }
    return model.finish();
  }

  /**
   * Another model with this graph instead of its own.
   * @param fields of the model, its graph and the version of its format left out.
   */
  finishAs(fields: readonly Uint8Array[], irVersion: number): Uint8Array {
    const model = new ProtobufWriter().integer(MODEL.irVersion, irVersion);
    for (const field of fields) model.fields(field);
    return model.append(MODEL.graph, this.#graph).finish();
  }

  #initializer(
    name: string,
    dataType: number,
    shape: readonly number[],
    data: Float32Array | BigInt64Array,
  ): void {
    if (this.#initializers.has(name)) return;
    this.#initializers.add(name);
    this.#graph.message(GRAPH.initializer, (tensor) => {
      for (const size of shape) tensor.integer(TENSOR.dims, size);
      tensor.integer(TENSOR.dataType, dataType);
      tensor.string(TENSOR.name, name);
      tensor.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
  }

  #value(
    field: number,
    name: string,
    dataType: number,
    shape: readonly (number | string)[] | undefined,
  ): void {
    this.#graph.message(field, (info) => {
      info.string(VALUE_INFO.name, name).message(VALUE_INFO.type, (type) =>
        type.message(TYPE.tensor, (tensor) => {
          tensor.integer(TENSOR_TYPE.elementType, dataType);
          if (shape === undefined) return;
          tensor.message(TENSOR_TYPE.shape, (dims) => {
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
}

function writeAttribute(attribute: ProtobufWriter, value: OnnxAttribute): void {
  if ('float' in value) {
    attribute.float(ATTRIBUTE.float, value.float).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.float);
  } else if ('integer' in value) {
    attribute.integer(ATTRIBUTE.integer, value.integer).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.integer);
  } else if ('string' in value) {
    attribute.string(ATTRIBUTE.string, value.string).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.string);
  } else {
    for (const item of value.integers) attribute.integer(ATTRIBUTE.integers, item);
    attribute.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.integers);
  }
}
