/** What an ONNX file says of itself, read without a runtime. */
import { messageOf, SightlineError } from '../../errors.js';
import {
  ATTRIBUTE,
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
} from '../export/onnx-fields.js';
import { fieldsIn, integersOf, readFields, stringIn, textOf } from './protobuf-reader.js';

/** A model's face: what goes in, what comes out, what it is made of. */
export interface OnnxFile {
  readonly producer: string;
  /** Version of the standard operations that it is written in. */
  readonly opset: number;
  /** Without the weights, which old files list as inputs too. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** How often each operation stands in the graph. */
  readonly operations: ReadonlyMap<string, number>;
  /** Type of most of its weights, such as `float32`. */
  readonly precision: string;
  /** Numbers in its weights. */
  readonly parameters: number;
  /** Files beside it that hold weights. */
  readonly externalFiles: readonly string[];
  /** Free text by name. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** An input or output. */
export interface OnnxValue {
  readonly name: string;
  /** As Python calls it, such as `float32`. */
  readonly type: string;
  /** Sizes, or names of sizes that are free; undefined if the file does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** TensorProto.DataType by number. */
const TYPES: readonly string[] = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
];
const EXTERNAL = 1;
const LOCATION = 'location';

/**
 * Reads the face of an ONNX file.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_WEIGHTS_INVALID if it is none.
 */
export function readOnnxFile(bytes: Uint8Array, origin: string): OnnxFile {
  try {
    return readModel(bytes);
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause;
    throw new SightlineError('ERR_WEIGHTS_INVALID', `"${origin}" is not an ONNX file: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function readModel(bytes: Uint8Array): OnnxFile {
  let producer = '';
  let opset = 0;
  let graph: Uint8Array | undefined;
  const metadata = new Map<string, string>();
  for (const { field, bytes: value } of readFields(bytes)) {
    if (field === MODEL.producerName) producer = `${textOf(value)}${producer}`;
    else if (field === MODEL.producerVersion) producer = `${producer} ${textOf(value)}`;
    else if (field === MODEL.graph) graph = value;
    else if (field === MODEL.opsetImport) opset = Math.max(opset, opsetOf(value));
    else if (field === MODEL.metadata) {
      metadata.set(stringIn(value, METADATA.key), stringIn(value, METADATA.value));
    }
  }
  if (graph === undefined) throw new RangeError('it holds no graph');
  return { producer: producer.trim(), opset, metadata, ...readGraph(graph) };
}

function readGraph(graph: Uint8Array): Omit<OnnxFile, 'producer' | 'opset' | 'metadata'> {
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const operations = new Map<string, number>();
  const weights = new Set<string>();
  const externalFiles = new Set<string>();
  const types = new Map<string, number>();
  const addTensor = (bytes: Uint8Array): void => {
    const tensor = readTensor(bytes);
    weights.add(tensor.name);
    types.set(tensor.type, (types.get(tensor.type) ?? 0) + tensor.count);
    if (tensor.file !== undefined) externalFiles.add(tensor.file);
  };
  for (const { field, bytes } of readFields(graph)) {
    if (field === GRAPH.input) inputs.push(readValue(bytes));
    else if (field === GRAPH.output) outputs.push(readValue(bytes));
    else if (field === GRAPH.initializer) addTensor(bytes);
    else if (field === GRAPH.node) {
      const name = stringIn(bytes, NODE.opType);
      operations.set(name, (operations.get(name) ?? 0) + 1);
      if (name === 'Constant') constantsOf(bytes).forEach(addTensor);
    }
  }
  return {
    inputs: inputs.filter(({ name }) => !weights.has(name)),
    outputs,
    operations,
    precision: [...types].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'float32',
    parameters: [...types.values()].reduce((sum, count) => sum + count, 0),
    externalFiles: [...externalFiles],
  };
}

interface Tensor {
  readonly name: string;
  readonly type: string;
  readonly count: number;
  /** Where its numbers are, if not here. */
  readonly file: string | undefined;
}

/** Tensors in the attributes of a node. */
function constantsOf(node: Uint8Array): Uint8Array[] {
  return fieldsIn(node, NODE.attribute).flatMap(({ bytes }) =>
    fieldsIn(bytes, ATTRIBUTE.tensor).map((tensor) => tensor.bytes),
  );
}

function readTensor(tensor: Uint8Array): Tensor {
  let type = 'undefined';
  let name = '';
  let count = 1;
  let external = false;
  let file: string | undefined;
  for (const found of readFields(tensor)) {
    if (found.field === TENSOR.dims) for (const size of integersOf(found)) count *= size;
    else if (found.field === TENSOR.dataType) type = TYPES[found.integer] ?? type;
    else if (found.field === TENSOR.name) name = textOf(found.bytes);
    else if (found.field === TENSOR.dataLocation) external = found.integer === EXTERNAL;
    else if (found.field === TENSOR.externalData && stringIn(found.bytes, METADATA.key) === LOCATION) {
      file = stringIn(found.bytes, METADATA.value);
    }
  }
  return { name, type, count, file: external ? file : undefined };
}

function readValue(value: Uint8Array): OnnxValue {
  const name = stringIn(value, VALUE_INFO.name);
  const [type] = fieldsIn(value, VALUE_INFO.type);
  const [tensor] = type === undefined ? [] : fieldsIn(type.bytes, TYPE.tensor);
  if (tensor === undefined) return { name, type: 'undefined', shape: undefined };
  const [element] = fieldsIn(tensor.bytes, TENSOR_TYPE.elementType);
  const [shape] = fieldsIn(tensor.bytes, TENSOR_TYPE.shape);
  const dimensions = shape === undefined ? undefined : fieldsIn(shape.bytes, SHAPE.dimension);
  return {
    name,
    type: TYPES[element?.integer ?? 0] ?? 'undefined',
    shape: dimensions?.map(({ bytes }) => {
      const [size] = fieldsIn(bytes, DIMENSION.value);
      return size !== undefined && size.integer > 0 ? size.integer : stringIn(bytes, DIMENSION.parameter);
    }),
  };
}

/** Of an operator set: its version if it is the standard's own. */
function opsetOf(bytes: Uint8Array): number {
  const standard = ['', 'ai.onnx'].includes(stringIn(bytes, OPSET.domain));
  return standard ? (fieldsIn(bytes, OPSET.version)[0]?.integer ?? 0) : 0;
}

/** `images: float32 [1, 3, 416, 416]`, for people. */
export function describeValue({ name, type, shape }: OnnxValue): string {
  const sizes = shape?.map((size) => (size === '' ? '?' : String(size))).join(', ') ?? 'of unknown shape';
  return `${name}: ${type} [${sizes}]`;
}
