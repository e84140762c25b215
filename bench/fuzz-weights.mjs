/**
 * Feeds damaged weights and manifests to what reads them: nothing may crash, hang or take memory without end, and each
 * refusal is one of our errors.
 *
 *     node bench/fuzz-weights.mjs [--cases 10000] [--seed N] [--only h5|safetensors|manifest]
 *
 * Small valid files are damaged in every way of MUTATIONS, mostly once. A case that fails is kept and named.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { File, ready } from 'h5wasm/node';
import { nameKerasTensors } from '../dist/model/architectures/efficientnet-yolov3/keras-names.js';
import { matchNetwork } from '../dist/model/architectures/efficientnet-yolov3/match-network.js';
import { headConvs } from '../dist/model/architectures/efficientnet-yolov3/networks.js';
import { nameSafetensors } from '../dist/model/import/read-input.js';
import { parseManifest } from '../dist/model/manifest.js';
import { buildNetwork, networkOptionsOf } from '../dist/model/architectures/efficientnet-yolov3/yolov3.js';
import { openHdf5Reader } from '../dist/model/weights/hdf5-reader.js';
import { encodeSafetensors } from '../dist/model/weights/write-safetensors.js';

const { values: flags } = parseArgs({
  options: { cases: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const cases = Number(flags.cases ?? 10_000);
const seed = Number(flags.seed ?? Date.now() % 1e9);
/** The reader's own limit here; a case may take a little longer, to start the next reader. */
const READ_LIMIT_MS = 3_000;
const CASE_LIMIT_MS = 10_000;
const RSS_LIMIT = 2 * 2 ** 30;
/** Errors in the C library leave things behind; a convert reads one file and ends. */
const CASES_PER_READER = 500;

/** Numbers from 0 to 2^32 − 1, the same for the same seed (Mulberry32). */
function randomFrom(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
}

/** Numbers that break arithmetic. */
const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 40n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** Ways to damage a file; each gives new bytes. */
const MUTATIONS = {
  flip: (bytes, next) => {
    const copy = Buffer.from(bytes);
    for (let count = 1 + (next() % 8); count > 0 && copy.length > 0; count--)
      copy[next() % copy.length] ^= 1 << (next() % 8);
    return copy;
  },
  overwrite: (bytes, next) => {
    const copy = Buffer.from(bytes);
    const at = next() % (copy.length + 1);
    return copy.fill(next() & 0xff, at, Math.min(copy.length, at + (next() % 32)));
  },
  truncate: (bytes, next) => bytes.subarray(0, next() % (bytes.length + 1)),
  cut: (bytes, next) => {
    const at = next() % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (next() % 64))]);
  },
  insert: (bytes, next) => {
    const at = next() % (bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(Array.from({ length: next() % 64 }, () => next() & 0xff)),
      bytes.subarray(at),
    ]);
  },
  splice: (bytes, next) => {
    const copy = Buffer.from(bytes);
    const from = next() % (copy.length + 1);
    copy.copy(copy, next() % (copy.length + 1), from, from + (next() % 256));
    return copy;
  },
  integer: (bytes, next) => {
    const size = [1, 2, 4, 8][next() % 4];
    if (bytes.length < size) return bytes;
    const copy = Buffer.from(bytes);
    const at = next() % (copy.length - size + 1);
    const value = BigInt.asUintN(8 * size, EXTREMES[next() % EXTREMES.length] + BigInt(next() % 3) - 1n);
    for (let byte = 0; byte < size; byte++) copy[at + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
    return copy;
  },
  digits: (bytes, next) => {
    const text = bytes.toString('latin1');
    const found = [...text.slice(0, 65_536).matchAll(/\d+/g)];
    if (found.length === 0) return bytes;
    const match = found[next() % found.length];
    const number = [
      '0',
      '-1',
      '1e9',
      '1e308',
      '0.5',
      '4294967296',
      '18446744073709551616',
      'null',
      '""',
      '[]',
      '{}',
    ][next() % 11];
    return Buffer.from(
      text.slice(0, match.index) + number + text.slice(match.index + match[0].length),
      'latin1',
    );
  },
};

/** A tiny file in the layout of Keras: layers of both kinds, one of them compressed, one model inside. */
async function kerasFile(path) {
  await ready;
  const file = new File(path, 'w');
  const layers = ['stem_conv', 'stem_bn', 'conv2d_9', 'batch_normalization_4', 'conv2d_10', 'model_1'];
  file.create_attribute('layer_names', layers);
  file.create_attribute('keras_version', '2.15.0');
  const kinds = { conv: ['kernel'], norm: ['gamma', 'beta', 'moving_mean', 'moving_variance'] };
  for (const layer of layers) {
    const group = file.create_group(layer);
    const scopes = layer === 'model_1' ? ['block1a_bn', 'head5_out'] : [layer];
    const names = scopes.flatMap((scope) =>
      (/bn$|batch/.test(scope) ? kinds.norm : kinds.conv).map((kind) => `${scope}/${kind}:0`),
    );
    group.create_attribute('weight_names', names);
    for (const scope of scopes) group.create_group(scope);
    for (const name of names) {
      const shape = name.includes('kernel') ? [3, 3, 2, 4] : [4];
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.5);
      group.create_dataset({
        name,
        data,
        shape,
        ...(layer === 'conv2d_10' ? { chunks: shape, compression: 4 } : {}),
      });
    }
  }
  file.close();
  return readFileSync(path);
}

function safetensorsFile() {
  const names = [
    'backbone.model._conv_stem.weight',
    'backbone.model._bn0.weight',
    'backbone.model._blocks.0._depthwise_conv.weight',
    'last_layer0.6.bias',
    'last_layer1_conv.bn.running_var',
  ];
  const tensors = names.map((name) => {
    const shape = name.endsWith('conv.weight') || name.includes('stem') ? [4, 2, 3, 3] : [4];
    return [
      name,
      { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.25) },
    ];
  });
  return Buffer.from(encodeSafetensors(new Map(tensors), 'float16').bytes);
}

const folder = await mkdtemp(join(tmpdir(), 'sightline-fuzz-'));
let reader = openHdf5Reader(READ_LIMIT_MS);

/** What is fuzzed: a valid file and how it is read. A reading that ends without an error was accepted. */
const TARGETS = {
  h5: {
    seedFile: () => kerasFile(join(folder, 'seed.h5')),
    read: async (bytes, index) => {
      if (index % CASES_PER_READER === 0) {
        await reader.close();
        reader = openHdf5Reader(READ_LIMIT_MS);
      }
      const path = join(folder, `${index}.h5`);
      await writeFile(path, bytes);
      try {
        return nameKerasTensors(await reader.read(path), headConvs());
      } finally {
        await rm(path);
      }
    },
    // So small a network is none of ours: matching has to end in an error of ours.
    then: (named) => matchNetwork(named, {}, 'case'),
  },
  safetensors: {
    seedFile: safetensorsFile,
    read: (bytes) => nameSafetensors(bytes, 'case'),
    then: (named) => matchNetwork(named, {}, 'case'),
  },
  manifest: {
    seedFile: () => readFileSync(new URL('../models/street-b0/model.json', import.meta.url)),
    read: (bytes) => {
      let json;
      try {
        json = JSON.parse(bytes.toString('utf8'));
      } catch {
        return parseManifest(undefined, 'case');
      }
      return parseManifest(json, 'case');
    },
    then: (manifest) => buildNetwork(networkOptionsOf(manifest)),
  },
};

async function fuzz(kind, { seedFile, read, then }) {
  const next = randomFrom(seed);
  const valid = await seedFile();
  // Damage that keeps the length gets further than damage that does not.
  const names = [...Object.keys(MUTATIONS), 'flip', 'flip', 'integer', 'integer', 'splice', 'overwrite'];
  const counts = new Map();
  const count = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let peak = 0;
  let longest = 0;
  let failures = 0;
  await read(valid, 0);
  for (let index = 1; index <= cases; index++) {
    let bytes = valid;
    const used = [];
    for (let times = 1 + (next() % 4 === 0 ? next() % 3 : 0); times > 0; times--) {
      const name = names[next() % names.length];
      used.push(name);
      bytes = MUTATIONS[name](bytes, next);
    }
    const start = performance.now();
    let stage = 'rejected';
    try {
      const result = await read(bytes, index);
      stage = 'accepted';
      count('accepted');
      then(result);
    } catch (error) {
      if (error.code === undefined || error.name !== 'SightlineError' || error.message.includes('\n')) {
        failures++;
        const kept = join(tmpdir(), `sightline-fuzz-${kind}-${seed}-${index}`);
        await writeFile(kept, bytes);
        console.error(`case ${index} (${used.join(', ')}), kept as ${kept}:`, error);
      }
      if (stage === 'rejected') count(reasonOf(error));
    }
    longest = Math.max(longest, performance.now() - start);
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const list = [...counts].sort(([, a], [, b]) => b - a).map(([what, number]) => `${what} ${number}`);
  console.log(
    `${kind}: ${cases} cases, seed ${seed}: ${list.join(', ')}; peak RSS ${(peak / 2 ** 20).toFixed(0)} MiB, ` +
      `longest case ${longest.toFixed(0)} ms, ${failures} failures`,
  );
  return failures === 0 && peak < RSS_LIMIT && longest < CASE_LIMIT_MS;
}

/** The error's code, and apart from it what is remarkable. */
function reasonOf(error) {
  const remarkable = /reading took more than|the reader (?:broke down|ended)/.exec(error.message);
  return remarkable === null ? `rejected ${error.code}` : `${remarkable[0]} (${error.code})`;
}

console.log(`Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}`);
let good = true;
try {
  for (const [kind, target] of Object.entries(TARGETS)) {
    if (flags.only === undefined || flags.only === kind) good = (await fuzz(kind, target)) && good;
  }
} finally {
  await reader.close();
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = good ? 0 : 1;
