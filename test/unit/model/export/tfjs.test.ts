import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { importModules } from '../../../../src/model/backends/tfjs-modules.js';
import { emitTfjs } from '../../../../src/model/export/tfjs.js';
import { foldBatchNorm, foldScale } from '../../../../src/model/graph/fold-batch-norm.js';
import { evaluateGraph } from '../../../support/evaluate-graph.js';
import { tinyNetwork, tinyPicture } from '../../../support/tiny-network.js';

const BACKENDS = ['cpu', 'plain'];

beforeAll(async () => {
  tf.enableProdMode();
  await importModules([new URL('../../../fixtures/tfjs-backends.mjs', import.meta.url).pathname]);
});

describe('TensorFlow.js operations', () => {
  for (const name of BACKENDS) {
    for (const folded of [false, true]) {
      it(`compute what the graph says on "${name}"${folded ? ', folded' : ''}`, async () => {
        await tf.setBackend(name);
        const network = tinyNetwork();
        const emitted = emitTfjs(tf, folded ? foldScale(foldBatchNorm(network)) : network);
        const pictures = [tinyPicture(1), tinyPicture(2), tinyPicture(1)];
        const outputs = emitted.run(Uint8Array.from(pictures.flatMap((picture) => [...picture])), 3);
        expect(outputs.map(({ shape }) => shape)).toEqual([
          [3, 4, 5, 3],
          [3, 8, 10, 3],
          [3, 8, 10, 3],
        ]);
        for (const [at, picture] of pictures.entries()) {
          const expected = evaluateGraph(network.graph, network.weights, [...picture]);
          for (const [index, output] of outputs.entries()) {
            const values = output.dataSync();
            const size = values.length / 3;
            for (const [i, value] of expected[index]!.entries()) {
              expect(Math.abs(values[at * size + i]! - value)).toBeLessThan(1e-5);
            }
          }
        }
        emitted.dispose();
      });
    }
  }

  it('keep no tensors but the weights, and give those back', async () => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    const network = tinyNetwork();
    const emitted = emitTfjs(tf, network);
    expect(tf.memory().numTensors).toBe(before + network.weights.size);
    const outputs = emitted.run(tinyPicture(0), 1);
    expect(tf.memory().numTensors).toBe(before + network.weights.size + outputs.length);
    tf.dispose(outputs);
    emitted.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('give a layer back as soon as it has been read for the last time', async () => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    let most = 0;
    const counting = { ...tf, add: counted(tf.add), concat: counted(tf.concat), mul: counted(tf.mul) };
    function counted<T extends (...args: never[]) => unknown>(operation: T): T {
      return ((...args: never[]) => {
        most = Math.max(most, tf.memory().numTensors - before);
        return operation(...args);
      }) as T;
    }
    const watched = emitTfjs(counting, tinyNetwork());
    const weights = tf.memory().numTensors - before;
    tf.dispose(watched.run(tinyPicture(0), 1));
    // Of 24 steps. The most at one time: the head p5, both inputs of the concatenation.
    expect(most - weights).toBeGreaterThan(1);
    expect(most - weights).toBeLessThan(6);
    watched.dispose();
  });
});
