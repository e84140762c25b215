// Time of the bundled model in Node's onnxruntime as Sightline runs it, against Python's onnxruntime with its defaults: the
// same file, the same number of threads, in turns. Target: at most 1.1 times.
//   npm run build && SIGHTLINE_PYTHON=python3 node bench/onnx-python.mjs [--threads 1,2] [--rounds 10] [--runs 10]
// The Python needs the packages onnxruntime and numpy: pip install onnxruntime==<version of onnxruntime-node> numpy
import { spawn } from 'node:child_process';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUNDLED_MODEL } from '../dist/app/app.js';

const PYTHON_SIDE = fileURLToPath(new URL('./onnx-python.py', import.meta.url));
/** Longer than any runtime keeps idle threads spinning. */
const PAUSE_MS = 100;

if (process.argv[2] === 'side') await nodeSide(process.argv[3], Number(process.argv[4]));
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      threads: { type: 'string', default: `1,${availableParallelism()}` },
      rounds: { type: 'string', default: '10' },
      runs: { type: 'string', default: '10' },
    },
  });
  const { exportOnnx } = await import('../dist/model/export/export-onnx.js');
  const folder = await mkdtemp(join(tmpdir(), 'sightline-bench-'));
  try {
    const file = join(folder, 'model.onnx');
    await exportOnnx(BUNDLED_MODEL, file);
    console.log(
      `${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${process.version}`,
    );
    for (const threads of new Set(values.threads.split(',').map(Number))) {
      await compare(file, threads, Number(values.rounds), Number(values.runs));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(file, threads, rounds, runs) {
  const node = await startSide(process.execPath, [
    fileURLToPath(import.meta.url),
    'side',
    file,
    `${threads}`,
  ]);
  const python = await startSide(process.env.SIGHTLINE_PYTHON ?? 'python3', [
    PYTHON_SIDE,
    file,
    `${threads}`,
  ]);
  const sides = [node, python];
  for (const side of sides) await side.time(runs);
  const measured = new Map(sides.map((side) => [side, { times: [], cpu: 0 }]));
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, so that neither always has the warmer machine.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      await setTimeout(PAUSE_MS);
      const { times, cpu } = await side.time(runs);
      const all = measured.get(side);
      all.times.push(...times);
      all.cpu += cpu;
    }
  }
  for (const side of sides) side.stop();
  const [ours, theirs] = sides.map((side) => {
    const { times, cpu } = measured.get(side);
    times.sort((a, b) => a - b);
    return { least: times[0], median: times[times.length >> 1], cpu: cpu / times.length };
  });
  console.log(`${threads} ${threads === 1 ? 'thread' : 'threads'}, ${rounds * runs} runs each`);
  for (const [name, side, { least, median, cpu }] of [
    ['Node', node, ours],
    ['Python', python, theirs],
  ]) {
    console.log(
      `  ${name.padEnd(6)} onnxruntime ${side.about.version}: median ${median.toFixed(1)} ms, least ${least.toFixed(1)} ms, ` +
        `CPU ${cpu.toFixed(1)} ms an image`,
    );
  }
  const ratios = ['median', 'least', 'cpu'].map((key) => `${(ours[key] / theirs[key]).toFixed(2)} (${key})`);
  console.log(`  ratio ${ratios.join(', ')}`);
}

/** A child that times runs when it is asked to. */
async function startSide(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ended early`);
    return JSON.parse(value);
  };
  return {
    about: await next(),
    time: (runs) => {
      child.stdin.write(`${runs}\n`);
      return next();
    },
    stop: () => child.stdin.end(),
  };
}

async function nodeSide(file, threads) {
  const { createOnnxruntimeBackend } = await import('../dist/model/backends/onnxruntime.js');
  const backend = await createOnnxruntimeBackend(await readFile(file), { device: 'cpu', threads });
  const { loadManifest } = await import('../dist/model/manifest.js');
  const { input } = await loadManifest(BUNDLED_MODEL);
  const pixels = new Uint8Array(input.width * input.height * 3).map(() => Math.random() * 256);
  console.log(JSON.stringify({ version: backend.info.version }));
  for await (const line of createInterface({ input: process.stdin })) {
    const times = [];
    const before = process.cpuUsage();
    for (let run = 0; run < Number(line); run++) {
      const start = performance.now();
      await backend.run(pixels, 1);
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ times, cpu: (user + system) / 1000 }));
  }
  await backend.close();
}
