import { describe, expect, it } from 'vitest';
import { emitSavedModel } from '../../../../src/model/export/saved-model.js';
import { GraphBuilder } from '../../../../src/model/graph/graph-builder.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { foldNetwork } from '../../../../src/model/read-network.js';
import type { Weights } from '../../../../src/model/weights/weights.js';
import { goldenOptions, goldenWeights } from '../../../support/golden-network.js';

/** The fields of a message, by number, each as often as it stands there. Numbers are as they are in the file. */
type Message = Map<number, (bigint | Uint8Array)[]>;

describe('emitSavedModel', () => {
  const graph = buildNetwork(goldenOptions(0));
  const weights = goldenWeights(graph);
  const folded = foldNetwork({ graph, weights });
  const bytes = emitSavedModel(folded);
  const model = parse(bytes);
  const metaGraph = child(model, 2);
  const nodes = (child(metaGraph, 2).get(1) ?? []).map((node) => parse(node as Uint8Array));

  it('is version 1 with the tag "serve"', () => {
    expect(model.get(1)).toEqual([1n]);
    expect(text(child(metaGraph, 1), 4)).toEqual(['serve']);
  });

  it('has one signature: bytes in, three heads out, as many pictures as one likes', () => {
    const signatures = metaGraph.get(5)!.map((entry) => parse(entry as Uint8Array));
    expect(signatures.map((entry) => text(entry, 1))).toEqual([['serving_default']]);
    const signature = child(signatures[0]!, 2);
    expect(text(signature, 3)).toEqual(['tensorflow/serving/predict']);
    expect(ends(signature, 1)).toEqual([['images', 'images:0', 4n, [-1n, 96n, 128n, 3n]]]);
    expect(ends(signature, 2)).toEqual([
      ['p5', 'p5:0', 1n, [-1n, 3n, 4n, 33n]],
      ['p4', 'p4:0', 1n, [-1n, 6n, 8n, 33n]],
      ['p3', 'p3:0', 1n, [-1n, 12n, 16n, 33n]],
    ]);
  });

  it('names each node once, after everything that feeds it', () => {
    const known = new Set<string>();
    for (const node of nodes) {
      const [name = ''] = text(node, 1);
      expect(known).not.toContain(name);
      for (const input of text(node, 3)) expect(known).toContain(input);
      known.add(name);
    }
  });

  it('holds every weight once, as it is', () => {
    const constants = new Map(
      nodes.filter((node) => text(node, 2)[0] === 'Const').map((node) => [text(node, 1)[0]!, tensorOf(node)]),
    );
    for (const [name, { shape, data }] of folded.weights) {
      const { dims, content } = constants.get(name)!;
      expect(dims).toEqual(shape);
      expect(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(content)).toBe(true);
    }
  });

  it('is of operations of TensorFlow, with padding by name', () => {
    expect(new Set(nodes.map((node) => text(node, 2)[0]))).toEqual(
      new Set(
        'Placeholder Cast Const Conv2D DepthwiseConv2dNative BiasAdd Sigmoid Mul Mean AddV2 LeakyRelu ConcatV2 ResizeNearestNeighbor'.split(
          ' ',
        ),
      ),
    );
    expect(Buffer.from(bytes).includes('SAME')).toBe(true);
    expect(Buffer.from(bytes).includes('VALID')).toBe(false);
  });

  it('in bfloat16 holds half as many bytes of the layers that bear it, and casts a value once', () => {
    const low = emitSavedModel(folded, 'bfloat16');
    const written = (child(child(parse(low), 2), 2).get(1) ?? []).map((node) => parse(node as Uint8Array));
    const named = new Map(written.map((node) => [text(node, 1)[0]!, node]));
    expect(named.size).toBe(written.length);
    const bytesPerNumber = (layer: string): number => {
      const { dims, content } = tensorOf(named.get(`${layer}/kernel`)!);
      return content.length / dims.reduce((product, size) => product * size, 1);
    };
    for (const layer of ['stem_conv', 'block2b_project_conv', 'head3_out'])
      expect(bytesPerNumber(layer)).toBe(4);
    for (const layer of ['block3a_expand_conv', 'block7a_se_reduce', 'five4_2', 'head5_conv']) {
      expect(bytesPerNumber(layer)).toBe(2);
    }
    const casts = written.filter((node) => text(node, 2)[0] === 'Cast').map((node) => text(node, 3)[0]);
    // The pictures, the step into bfloat16, and the steps out of it before the three ends.
    expect(casts).toEqual([
      'images',
      'block2b_add',
      ...['head5', 'head4', 'head3'].map((name) => expect.stringMatching(name) as string),
    ]);
  });

  it('refuses what is larger than a protocol buffer can be', () => {
    const builder = new GraphBuilder(1e-3);
    const images = builder.images(32, 32, 1);
    const big = builder.build([builder.conv(images, 'big', { filters: 8, kernelSize: 1 })]);
    // Never touched, so never in memory.
    const huge: Weights = new Map([['big/kernel', { shape: [1, 1, 3, 8], data: new Float32Array(2 ** 29) }]]);
    expect(() => emitSavedModel({ graph: big, weights: huge })).toThrow(
      /^the network takes 2147\d{6} bytes as a SavedModel, which can have 2147483647: [^\n]+$/,
    );
  });
});

function parse(bytes: Uint8Array): Message {
  const message: Message = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    let value: bigint | Uint8Array;
    if (tag % 8 === 0) value = varint();
    else {
      const length = tag % 8 === 5 ? 4 : Number(varint());
      value = bytes.subarray(at, (at += length));
    }
    const field = Math.floor(tag / 8);
    message.set(field, [...(message.get(field) ?? []), value]);
  }
  return message;
}

function child(message: Message, field: number): Message {
  return parse(message.get(field)![0] as Uint8Array);
}

function text(message: Message, field: number): string[] {
  return (message.get(field) ?? []).map((value) => Buffer.from(value as Uint8Array).toString());
}

function dimensions(shape: Message): bigint[] {
  return (shape.get(2) ?? []).map((dim) => parse(dim as Uint8Array).get(1)![0] as bigint);
}

/** Key, name, type and shape of the inputs or outputs of a signature. */
function ends(signature: Message, field: number): unknown[] {
  return signature.get(field)!.map((bytes) => {
    const entry = parse(bytes as Uint8Array);
    const info = child(entry, 2);
    return [text(entry, 1)[0], text(info, 1)[0], info.get(2)![0], dimensions(child(info, 3))];
  });
}

function tensorOf(node: Message): { dims: number[]; content: Uint8Array } {
  const attributes = node.get(5)!.map((entry) => parse(entry as Uint8Array));
  const value = attributes.find((entry) => text(entry, 1)[0] === 'value')!;
  const tensor = child(child(value, 2), 8);
  return { dims: dimensions(child(tensor, 2)).map(Number), content: tensor.get(4)![0] as Uint8Array };
}
