import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createTfjsBackend } from '../../../src/model/backends/tfjs.js';
import { tfjsStates } from '../../../src/model/backends/tfjs-install.js';
import { loadNetwork } from '../../../src/model/load-network.js';
import {
  closing,
  difference,
  expectBatchLikeSingles,
  expectGoldenHeads,
  HEAD_TOLERANCE,
  largestDifference,
  statistics,
} from '../../support/compare-heads.js';
import {
  goldenFloats,
  goldenModels,
  goldenNetwork,
  goldenPath,
  goldenPicture,
} from '../../support/golden-network.js';
import { tinyNetwork, tinyPicture } from '../../support/tiny-network.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const MODULE = new URL('../../fixtures/tfjs-backends.mjs', import.meta.url).pathname;
const THREADS = '/proc/self/task';

/** The runtime computes in float32 and adds up in the obvious order; the generated networks come closer than they must. */
const GOLDEN_TOLERANCE = 1e-4;

describe('TensorFlow.js on WebAssembly', () => {
  for (const model of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${model.phi}`, async () => {
      // Odd ones with two threads: there is a binary with and one without.
      const options = { device: 'wasm', threads: 1 + (model.phi % 2) };
      await using backend = closing(await createTfjsBackend(goldenNetwork(model.phi), options));
      const heads = await backend.run(goldenPicture(), 1);
      expectGoldenHeads(heads, model.outputs, GOLDEN_TOLERANCE);
    });
  }

  it("gives the reference's heads for street-b0 on a picture", async () => {
    const { backend: loaded } = await loadNetwork(STREET, { device: 'wasm', threads: 2 });
    await using backend = closing(loaded);
    expect(backend.info).toEqual({
      backend: 'tfjs',
      device: 'wasm',
      precision: 'float32',
      version: `${tf.version_core} (SIMD, 2 threads)`,
    });
    const pixels = await sharp(goldenPath('letterbox_416.png')).removeAlpha().raw().toBuffer();
    const heads = await backend.run(pixels, 1);
    for (const [index, name] of ['p5', 'p4', 'p3'].entries()) {
      const golden = goldenFloats(`street_${name}.f32`);
      expect(largestDifference(heads[index]!, golden)).toBeLessThan(HEAD_TOLERANCE * statistics(golden).std);
    }
  });

  it('gives each picture of a batch what it gets alone', async () => {
    await using backend = closing(await createTfjsBackend(goldenNetwork(0), { device: 'wasm', threads: 1 }));
    expect(backend.info.version).toMatch(/\(SIMD, 1 thread\)$/);
    await expectBatchLikeSingles(backend, 1e-5);
  });

  it('has as many tensors after 1,000 batches as before', async () => {
    // Not tf.memory, which wants a backend.
    const before = tf.engine().state.numTensors;
    const backend = await createTfjsBackend(tinyNetwork(), { device: 'wasm', threads: 1 });
    await backend.run(tinyPicture(0), 1);
    const { numTensors, numBytes } = tf.memory();
    for (let at = 0; at < 1000; at++) await backend.run(tinyPicture(at), 1);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    await backend.close();
    expect(tf.engine().state.numTensors).toBe(before);
  });

  it('refuses a batch that has not the bytes of its pictures', async () => {
    await using backend = closing(await createTfjsBackend(tinyNetwork(), { device: 'wasm', threads: 1 }));
    for (const [bytes, count] of [
      [839, 1],
      [840, 2],
      [0, 0],
    ] as const) {
      await expect(backend.run(new Uint8Array(bytes), count)).rejects.toMatchObject({
        code: 'ERR_BACKEND_FAILED',
        message: expect.stringMatching(/of 20x14 has \d+ bytes, got \d+/) as string,
      });
    }
    await expect(backend.run(tinyPicture(0), 1)).resolves.toHaveLength(3);
  });

  it('is there, and says what it is', async () => {
    expect(await tfjsStates()).toEqual([
      {
        device: 'wasm',
        available: true,
        reason: `TensorFlow.js ${tf.version_core}, WebAssembly with SIMD and threads`,
      },
    ]);
  });
});

describe('the threads of WebAssembly', () => {
  it.runIf(existsSync(THREADS))('do their share of the work', async () => {
    const before = new Set(await readdir(THREADS));
    await using backend = closing(await createTfjsBackend(goldenNetwork(0), { device: 'wasm', threads: 2 }));
    const started = (await readdir(THREADS)).filter((id) => !before.has(id));
    const idle = await Promise.all(started.map(processorTicks));
    const used = process.cpuUsage();
    for (let at = 0; at < 15; at++) await backend.run(goldenPicture(), 1);
    const busy = await Promise.all(started.map(processorTicks));
    const { user, system } = process.cpuUsage(used);
    // A tick is 10 ms. Its share would be a half if the machine did nothing else.
    const share = (Math.max(...busy.map((ticks, at) => ticks - idle[at]!)) * 10_000) / (user + system);
    expect(share).toBeGreaterThan(0.1);
  });

  it('do not keep the process from ending, and leave nothing behind', async () => {
    const events = ['uncaughtException', 'unhandledRejection'] as const;
    const listeners = () => events.map((event) => process.listenerCount(event));
    const holding = () => process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name));
    const before = { listeners: listeners(), holding: holding() };
    const backend = await createTfjsBackend(tinyNetwork(), { device: 'wasm', threads: 4 });
    expect(backend.info.version).toMatch(/4 threads/);
    await backend.run(tinyPicture(0), 1);
    expect({ listeners: listeners(), holding: holding() }).toEqual(before);
    expect('Worker' in globalThis).toBe(false);
    await backend.close();
    expect({ listeners: listeners(), holding: holding() }).toEqual(before);
  });

  it('are at most eight', async () => {
    await using backend = closing(await createTfjsBackend(tinyNetwork(), { device: 'wasm', threads: 64 }));
    expect(backend.info.version).toMatch(/8 threads/);
    await expect(backend.run(tinyPicture(0), 1)).resolves.toHaveLength(3);
  });
});

describe('a backend of TensorFlow.js that a module registers', () => {
  it('runs the network', async () => {
    const options = { device: 'plain', modules: [MODULE] };
    await using plain = closing(await createTfjsBackend(tinyNetwork(), options));
    expect(plain.info).toMatchObject({ backend: 'tfjs', device: 'plain', version: tf.version_core });
    const heads = await plain.run(tinyPicture(5), 1);
    await using wasm = closing(await createTfjsBackend(tinyNetwork(), { device: 'wasm', threads: 1 }));
    for (const [index, head] of (await wasm.run(tinyPicture(5), 1)).entries()) {
      expect(difference(head.data, heads[index]!.data)).toBeLessThan(1e-5);
    }
  });

  for (const [what, options, message] of [
    ['has the name of what objects have', { device: 'constructor' }, /no such backend is registered/],
    [
      'is not registered',
      { device: 'missing', modules: [MODULE] },
      /^tfjs:missing is not available: no such backend is registered .*\(registered: .*plain.*\); list .* in model\.modules$/,
    ],
    [
      'does not start',
      { device: 'broken', modules: [MODULE] },
      /^tfjs:broken is not available: no such device$/,
    ],
    [
      'has a module that is not there',
      { device: 'plain', modules: ['./no/such-module.mjs'] },
      /^the module "\.\/no\/such-module\.mjs" of model\.modules does not import: [^\n]+$/,
    ],
    [
      'has a package that is not there',
      { device: 'plain', modules: ['no-such-package'] },
      /^the module "no-such-package" of model\.modules does not import: [^\n]+$/,
    ],
  ] as const) {
    it(`is told in one line when it ${what}`, async () => {
      await expect(createTfjsBackend(tinyNetwork(), options)).rejects.toMatchObject({
        code: 'ERR_BACKEND_UNAVAILABLE',
        message: expect.stringMatching(message) as string,
      });
    });
  }

  it('is told in one line when it lacks an operation', async () => {
    await using backend = closing(
      await createTfjsBackend(tinyNetwork(), { device: 'bare', modules: [MODULE] }),
    );
    const before = tf.memory().numTensors;
    await expect(backend.run(tinyPicture(0), 1)).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: expect.stringMatching(/^tfjs on "bare" failed on a batch of 1: Kernel [^\n]+$/) as string,
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** Processor time of one thread of this process: `utime` and `stime` of proc(5). */
async function processorTicks(thread: string): Promise<number> {
  const line = await readFile(`${THREADS}/${thread}/stat`, 'utf8').catch(() => '');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
