import { availableParallelism } from 'node:os';
import type * as ort from 'onnxruntime-node';
import { messageOf, SightlineError } from '../../errors.js';
import { ONNX_INPUT, ONNX_OUTPUTS } from '../export/onnx.js';
import { setVisibleDevices } from './visible-devices.js';
import type { Backend, BackendInfo, BackendOptions, HeadTensor, OnnxProgram } from './backend.js';

/** The deeper layers are 13 × 13 pixels: little is left to share between more threads than this. */
const DEFAULT_MAX_THREADS = 8;

/**
 * How long an idle thread of onnxruntime burns its core before it sleeps. Left to itself it goes on through the pause
 * between two pictures: street-b0 on two cores with 40 ms of pause cost 124 to 133 ms of CPU a picture, where 75 do the
 * work. Without any spinning each picture took 8 % longer, because threads fell asleep between two layers. This bridges
 * layers and not pictures: 74 ms of CPU, and as fast as with endless spinning.
 */
const SPIN_MICROSECONDS = 50;

/** Half grey: what nothing is seen in. */
const GREY = 128;

/** One output: its name, and its shape behind the batch. */
interface Output extends Omit<HeadTensor, 'data'> {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Ends {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly outputs: readonly Output[];
  /** Most pictures of one call of the session. */
  readonly maxBatch: number;
}

/** What came out of one run. */
export interface OnnxResult {
  readonly name: string;
  /** The batch in front. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Runtime = typeof ort;

/**
 * Loads an ONNX model of `emitOnnx` into onnxruntime, in this process. onnxruntime-node leaks sessions that are
 * made again and again, and crashes with more than one thread: one process, one session, kept.
 * @param onnx the model's bytes; not needed afterwards.
 * @param options `threads`: those of the machine, at most eight, if not given.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if the library or the device does not start, ERR_BACKEND_FAILED if the
 * model is not accepted.
 */
export async function createOnnxruntimeBackend(onnx: Uint8Array, options: BackendOptions): Promise<Backend> {
  const { runtime, session } = await start(onnx, options);
  return new OnnxruntimeBackend(runtime, session, options.device, endsOf(session));
}

/**
 * Loads somebody else's ONNX model, as {@link createOnnxruntimeBackend} does, and runs it once on a grey picture: only then
 * are the shapes of its outputs known.
 * @throws SightlineError as that does, and ERR_MODEL_INVALID if an output is no list or grid of numbers.
 */
export async function createOnnxFileBackend(program: OnnxProgram, options: BackendOptions): Promise<Backend> {
  const { runtime, session } = await start(program.bytes, options);
  const { input, width, height, maxBatch } = program;
  const names = program.outputs.map(({ name }) => name);
  const picture = new Uint8Array(width * height * 3).fill(GREY);
  const results = await runOnce(runtime, session, { input, width, height, count: 1, picture }, names);
  const outputs = program.outputs.map(({ layout }, index) => outputOf(results[index]!, layout));
  return new OnnxruntimeBackend(runtime, session, options.device, {
    input,
    width,
    height,
    outputs,
    maxBatch,
  });
}

/**
 * Runs an ONNX model on the CPU, once for each of `counts`, to see what comes out.
 * @param picture what it is shown, as often as it is to be shown; grey if not given.
 * @returns the outputs of each run; undefined for a number of pictures that the model does not take, the first excepted.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE, ERR_BACKEND_FAILED
 */
export async function tryOnnx(
  { bytes, input, width, height, outputs }: Omit<OnnxProgram, 'maxBatch'>,
  counts: readonly [number, ...number[]],
  picture = new Uint8Array(width * height * 3).fill(GREY),
): Promise<readonly (readonly OnnxResult[] | undefined)[]> {
  const { runtime, session } = await start(bytes, { device: 'cpu' });
  const names = outputs.map(({ name }) => name);
  try {
    const all: (readonly OnnxResult[] | undefined)[] = [];
    for (const count of counts) {
      const run = runOnce(runtime, session, { input, width, height, count, picture }, names);
      all.push(await (all.length === 0 ? run : run.catch(() => undefined)));
    }
    return all;
  } finally {
    await session.release();
  }
}

interface Pictures {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly picture: Uint8Array;
}

async function runOnce(
  runtime: Runtime,
  session: ort.InferenceSession,
  { input, width, height, count, picture }: Pictures,
  names: readonly string[],
): Promise<OnnxResult[]> {
  const pixels = new Uint8Array(count * picture.length);
  for (let at = 0; at < count; at++) pixels.set(picture, at * picture.length);
  const feeds = { [input]: new runtime.Tensor('uint8', pixels, [count, height, width, 3]) };
  const results = await failing(count, () => session.run(feeds, names));
  return names.map((name) => {
    const { dims, data } = results[name]!;
    return { name, shape: dims, data: data as Float32Array };
  });
}

function outputOf({ name, shape: [, ...shape] }: OnnxResult, layout: HeadTensor['layout']): Output {
  const [first = 0, second = 0, third = 0] = shape;
  if (shape.length === 2) {
    return layout === 'nhwc'
      ? { name, shape, layout, height: 1, width: first, channels: second }
      : { name, shape, layout, height: 1, width: second, channels: first };
  }
  if (shape.length === 3) {
    return layout === 'nhwc'
      ? { name, shape, layout, height: first, width: second, channels: third }
      : { name, shape, layout, height: second, width: third, channels: first };
  }
  throw new SightlineError(
    'ERR_MODEL_INVALID',
    `output "${name}" has the shape [${[1, ...shape].join(', ')}], which is neither a list nor a grid`,
  );
}

async function start(
  onnx: Uint8Array,
  options: BackendOptions,
): Promise<{ readonly runtime: Runtime; readonly session: ort.InferenceSession }> {
  const { device } = options;
  setVisibleDevices(options.gpu);
  // Version 1.30 otherwise queues events of every session for upload to its maker, and leaves a log of each process in the
  // temporary folder.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  let runtime: Runtime;
  try {
    // Here and not above: the import loads 45 MB of native code.
    runtime = await import('onnxruntime-node');
  } catch (cause) {
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `onnxruntime-node does not load: ${oneLine(cause)}; run \`npm install onnxruntime-node\` again`,
      { cause },
    );
  }
  // What goes wrong is thrown, too; without this it is also written to stderr, in colour, on several lines.
  runtime.env.logLevel = 'fatal';
  try {
    return { runtime, session: await runtime.InferenceSession.create(onnx, sessionOptions(options)) };
  } catch (cause) {
    if (device === 'cpu') {
      throw new SightlineError('ERR_BACKEND_FAILED', `onnxruntime refuses the model: ${oneLine(cause)}`, {
        cause,
      });
    }
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `onnxruntime cannot start on "${device}": ${oneLine(cause)}; check its driver and libraries, or use "cpu"`,
      { cause },
    );
  }
}

function sessionOptions({ device, threads }: BackendOptions): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threads ?? Math.min(availableParallelism(), DEFAULT_MAX_THREADS),
    // One node after another: the network is a chain, and a second pool of threads would have nothing to do.
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: { 'session.intra_op.spin_duration_us': String(SPIN_MICROSECONDS) },
  };
}

class OnnxruntimeBackend implements Backend {
  readonly info: BackendInfo;
  readonly #runtime: Runtime;
  readonly #session: ort.InferenceSession;
  readonly #ends: Ends;
  /** Memory of the heads, kept between calls and sized for the largest batch so far. */
  #memory: Float32Array[] = [];

  constructor(runtime: Runtime, session: ort.InferenceSession, device: string, ends: Ends) {
    this.#runtime = runtime;
    this.#session = session;
    this.#ends = ends;
    const version = runtime.env.versions.node ?? runtime.env.versions.common;
    this.info = { backend: 'onnxruntime', device, precision: 'float32', version };
  }

  async run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    const { width, height, outputs, maxBatch } = this.#ends;
    const picture = width * height * 3;
    const bytes = count * picture;
    if (!Number.isSafeInteger(count) || count < 1 || pixels.length !== bytes) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `a batch of ${count} pictures of ${width}x${height} has ${bytes} bytes, got ${pixels.length}`,
      );
    }
    const results = outputs.map(({ height: rows, width: columns, channels, layout }, index) => {
      const data = this.#memoryOf(index, count * channels * rows * columns);
      return { height: rows, width: columns, channels, layout, data };
    });
    for (let from = 0; from < count; from += maxBatch) {
      const until = Math.min(count, from + maxBatch);
      const part = results.map(({ data }) =>
        data.subarray((from * data.length) / count, (until * data.length) / count),
      );
      await this.#runPart(pixels.subarray(from * picture, until * picture), until - from, part);
    }
    return results;
  }

  async #runPart(pixels: Uint8Array, count: number, memory: readonly Float32Array[]): Promise<void> {
    const { input, width, height, outputs } = this.#ends;
    const images = new this.#runtime.Tensor('uint8', pixels, [count, height, width, 3]);
    const fetches: Record<string, ort.Tensor> = {};
    for (const [index, { name, shape }] of outputs.entries()) {
      fetches[name] = new this.#runtime.Tensor('float32', memory[index]!, [count, ...shape]);
    }
    await failing(count, () => this.#session.run({ [input]: images }, fetches));
  }

  async close(): Promise<void> {
    this.#memory = [];
    await this.#session.release();
  }

  /** onnxruntime writes into what it is given: without that every call would leave new arrays for the collector. */
  #memoryOf(index: number, length: number): Float32Array {
    const kept = this.#memory[index];
    if (kept !== undefined && kept.length >= length) return kept.subarray(0, length);
    return (this.#memory[index] = new Float32Array(length));
  }
}

/** Runs, and says what failed in our words. */
async function failing<T>(count: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new SightlineError(
      'ERR_BACKEND_FAILED',
      `onnxruntime failed on a batch of ${count}: ${oneLine(cause)}`,
      { cause },
    );
  }
}

function endsOf(session: ort.InferenceSession): Ends {
  const [, height = 0, width = 0] = sizesOf(session.inputMetadata[0]);
  const outputs = ONNX_OUTPUTS.map((name) => {
    const [, ...shape] = sizesOf(session.outputMetadata.find((output) => output.name === name));
    const [channels = 0, rows = 0, columns = 0] = shape;
    return { name, shape, layout: 'nchw' as const, channels, height: rows, width: columns };
  });
  return { input: ONNX_INPUT, width, height, outputs, maxBatch: Infinity };
}

function sizesOf(metadata: ort.InferenceSession.ValueMetadata | undefined): number[] {
  if (metadata?.isTensor !== true) return [];
  return metadata.shape.map((size) => (typeof size === 'number' ? size : 0));
}

/** Native errors have several lines and source paths of the library's build machine. */
function oneLine(cause: unknown): string {
  const text = messageOf(cause)
    .replace(/\/onnxruntime_src\/\S+\s.*?\)>?\s/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
