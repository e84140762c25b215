/** Looks for weights of an ONNX file that are no numbers: a training that went astray leaves them. */
import { ATTRIBUTE, DATA_TYPE, GRAPH, MODEL, NODE, TENSOR } from '../export/onnx-fields.js';
import { halfValues } from '../weights/half-floats.js';
import { firstNonNumber, noNumber } from '../weights/weights.js';
import { fieldsIn, integersOf, type ProtobufField, readFields, stringIn, textOf } from './protobuf-reader.js';

/** Operations whose operands are trained. An infinity elsewhere may be meant: a mask, or a place that never wins. */
const TRAINED: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'BatchNormalization', 'LayerNormalization'],
  ...['InstanceNormalization', 'PRelu', 'DequantizeLinear', 'QuantizeLinear'],
]);

/**
 * Refuses NaN in any tensor, and infinities where operations multiply or normalise with them.
 * @param model an ONNX file that was read before.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_WEIGHTS_INVALID naming the first such tensor, and the value.
 */
export function checkOnnxNumbers(model: Uint8Array, origin: string): void {
  for (const { bytes } of fieldsIn(model, MODEL.graph)) checkGraph(bytes, origin);
}

function checkGraph(graph: Uint8Array, origin: string): void {
  const trained = new Set<string>();
  const tensors: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  for (const { field, bytes } of readFields(graph)) {
    if (field === GRAPH.initializer) tensors.push({ name: stringIn(bytes, TENSOR.name), bytes });
    if (field !== GRAPH.node) continue;
    if (TRAINED.has(stringIn(bytes, NODE.opType))) {
      for (const input of fieldsIn(bytes, NODE.input)) trained.add(textOf(input.bytes));
    }
    // A constant bears the name of what the node puts out.
    for (const attribute of fieldsIn(bytes, NODE.attribute)) {
      for (const part of readFields(attribute.bytes)) {
        if (part.field === ATTRIBUTE.graph) checkGraph(part.bytes, origin);
        if (part.field === ATTRIBUTE.tensor)
          tensors.push({ name: stringIn(bytes, NODE.output), bytes: part.bytes });
      }
    }
  }
  for (const { name, bytes } of tensors) {
    const values = floatsOf(bytes);
    const wrong = firstNonNumber(values, !trained.has(name));
    if (wrong !== -1) throw noNumber(origin, name, values[wrong]!, wrong, values.length);
  }
}

/** The values of a tensor of floats, of which there are five ways to write them; nothing of another type. */
function floatsOf(tensor: Uint8Array): ArrayLike<number> {
  const fields = [...readFields(tensor)];
  const type = fields.find(({ field }) => field === TENSOR.dataType)?.integer;
  const raw = fields.find(({ field }) => field === TENSOR.rawData)?.bytes;
  const joined = (wanted: number) =>
    Buffer.concat(fields.filter(({ field }) => field === wanted).map(({ bytes }) => bytes));
  switch (type ?? 0) {
    case DATA_TYPE.float:
      return new Float32Array(aligned(raw ?? joined(TENSOR.floats), 4));
    case DATA_TYPE.double:
      return new Float64Array(aligned(raw ?? joined(TENSOR.doubles), 8));
    case DATA_TYPE.float16:
      return Float32Array.from(patternsOf(raw, fields), (bits) => halfValues()[bits]!);
    case DATA_TYPE.bfloat16:
      return new Float32Array(Uint32Array.from(patternsOf(raw, fields), (bits) => bits << 16).buffer);
    default:
      return [];
  }
}

/** Floats of 16 bits lie as bytes, or each in an integer of its own. */
function patternsOf(raw: Uint8Array | undefined, fields: readonly ProtobufField[]): Uint16Array {
  if (raw !== undefined) return new Uint16Array(aligned(raw, 2));
  return Uint16Array.from(fields.filter(({ field }) => field === TENSOR.int32s).flatMap(integersOf));
}

/** A copy that begins where numbers may begin, without a part of one at its end. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  return Uint8Array.from(bytes.subarray(0, bytes.length - (bytes.length % size))).buffer;
}
