/** Field numbers of the messages of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

/** ModelProto. */
export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  metadata: 14,
} as const;
/** StringStringEntryProto. */
export const METADATA = { key: 1, value: 2 } as const;
/** OperatorSetIdProto. */
export const OPSET = { domain: 1, version: 2 } as const;
/** GraphProto. */
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
/** NodeProto. */
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
/** AttributeProto. */
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  integer: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  integers: 8,
  type: 20,
} as const;
/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { float: 1, integer: 2, string: 3, integers: 7 } as const;
/** TensorProto. */
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floats: 4,
  int32s: 5,
  name: 8,
  rawData: 9,
  doubles: 10,
  externalData: 13,
  dataLocation: 14,
} as const;
/** ValueInfoProto. */
export const VALUE_INFO = { name: 1, type: 2 } as const;
/** TypeProto. */
export const TYPE = { tensor: 1 } as const;
/** TypeProto.Tensor. */
export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;
/** TensorShapeProto. */
export const SHAPE = { dimension: 1 } as const;
/** TensorShapeProto.Dimension. */
export const DIMENSION = { value: 1, parameter: 2 } as const;
/** TensorProto.DataType. */
export const DATA_TYPE = { float: 1, uint8: 2, int64: 7, float16: 10, double: 11, bfloat16: 16 } as const;
