/**
 * Writes a network as a TensorFlow SavedModel, https://www.tensorflow.org/guide/saved_model: one graph with the weights
 * inside, one signature.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { ComputePrecision } from '../compute-precision.js';
import { nodesInBfloat16 } from '../graph/bfloat16-nodes.js';
import type { Network } from '../graph/fold-batch-norm.js';
import { DATA_TYPE, GraphDefWriter, writeShape } from './graph-def.js';
import { ProtobufWriter } from './protobuf.js';
import { batchOf, emitGraphNode } from './saved-model-nodes.js';

/** Name of the file in a SavedModel's folder. */
export const SAVED_MODEL_FILE = 'saved_model.pb';

/** Name of the signature's one input: uint8 `[batch, height, width, 3]`. */
export const SAVED_MODEL_INPUT = 'images';

/** Names of the signature's outputs, coarse to fine: float32 `[batch, height, width, channels]`. */
export const SAVED_MODEL_OUTPUTS = ['p5', 'p4', 'p3'] as const;

interface Ends {
  readonly inputs: readonly End[];
  readonly outputs: readonly End[];
}

/** A value at an end of the graph. Its name is that of its node. */
interface End {
  readonly name: string;
  readonly dataType: number;
  readonly shape: readonly number[];
}

// Field numbers of tensorflow/core/protobuf: saved_model.proto and meta_graph.proto.
const SAVED_MODEL = { version: 1, metaGraph: 2 } as const;
const META_GRAPH = { info: 1, graph: 2, signature: 5 } as const;
const INFO = { tags: 4 } as const;
const SIGNATURE = { inputs: 1, outputs: 2, method: 3 } as const;
const TENSOR_INFO = { name: 1, dataType: 2, shape: 3 } as const;
const ENTRY = { key: 1, value: 2 } as const;

const MAX_BYTES = 2 ** 31 - 1;

/**
 * The file `saved_model.pb` of a network, tag `serve`, signature `serving_default`, batch dimension free.
 * @param precision with `bfloat16` the nodes that {@link nodesInBfloat16} names compute in it; the ends stay as they are.
 * @returns the file's bytes; they belong to the caller.
 * @throws SightlineError ERR_MODEL_INVALID if it is larger than a protocol buffer can be, 2 GiB.
 */
export function emitSavedModel(
  { graph, weights }: Network,
  precision: ComputePrecision = 'float32',
): Uint8Array {
  const writer = new GraphDefWriter();
  const shapes = new Map(graph.nodes.map((node) => [node.name, node.shape]));
  const ends = new Map(graph.outputs.map((name, index) => [name, SAVED_MODEL_OUTPUTS[index] ?? name]));
  const inputs = graph.nodes.filter(({ op }) => op === 'input').map(({ name }) => name);
  for (const name of inputs) ends.set(name, SAVED_MODEL_INPUT);
  const nameOf = (name: string): string => ends.get(name) ?? name;
  const low = precision === 'bfloat16' ? nodesInBfloat16(graph) : new Set<string>();
  const typeOf = (name: string): number => {
    if (inputs.includes(name)) return DATA_TYPE.uint8;
    return low.has(name) ? DATA_TYPE.bfloat16 : DATA_TYPE.float;
  };
  const emission = { writer, weights, shapes, nameOf, typeOf, casts: new Set<string>() };
  for (const node of graph.nodes) emitGraphNode(emission, node);

  const endOf = (name: string, dataType: number): End => ({
    name: nameOf(name),
    dataType,
    shape: batchOf(shapes.get(name)!),
  });
  const model = new ProtobufWriter()
    .integer(SAVED_MODEL.version, 1)
    .message(SAVED_MODEL.metaGraph, (metaGraph) => {
      metaGraph
        .message(META_GRAPH.info, (info) => info.string(INFO.tags, 'serve'))
        .append(META_GRAPH.graph, writer.finish())
        .message(META_GRAPH.signature, (entry) => {
          writeSignature(entry, {
            inputs: inputs.map((name) => endOf(name, DATA_TYPE.uint8)),
            outputs: graph.outputs.map((name) => endOf(name, DATA_TYPE.float)),
          });
        });
    });
  if (model.size > MAX_BYTES) {
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `the network takes ${model.size} bytes as a SavedModel, which can have ${MAX_BYTES}: use another backend`,
    );
  }
  return model.finish();
}

/**
 * Writes a network as a folder that TensorFlow loads. Makes the folder if it is not there.
 * @throws what {@link emitSavedModel} throws, and what writing files throws.
 */
export async function writeSavedModel(
  network: Network,
  folder: string,
  precision?: ComputePrecision,
): Promise<void> {
  const bytes = emitSavedModel(network, precision);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, SAVED_MODEL_FILE), bytes);
}

function writeSignature(entry: ProtobufWriter, { inputs, outputs }: Ends): void {
  entry.string(ENTRY.key, 'serving_default').message(ENTRY.value, (signature) => {
    for (const end of inputs) writeEnd(signature, SIGNATURE.inputs, end);
    for (const end of outputs) writeEnd(signature, SIGNATURE.outputs, end);
    signature.string(SIGNATURE.method, 'tensorflow/serving/predict');
  });
}

function writeEnd(signature: ProtobufWriter, field: number, { name, dataType, shape }: End): void {
  signature.message(field, (entry) => {
    entry.string(ENTRY.key, name).message(ENTRY.value, (info) => {
      info
        .string(TENSOR_INFO.name, `${name}:0`)
        .integer(TENSOR_INFO.dataType, dataType)
        .message(TENSOR_INFO.shape, (message) => {
          writeShape(message, shape);
        });
    });
  });
}
