import type * as ort from 'onnxruntime-node';
import { isSightlineError, SightlineError } from '../../errors.js';
import { ONNX_INPUT, ONNX_OUTPUTS } from '../export/onnx.js';
import type { Backend, BackendInfo, BackendOptions, HeadTensor, OnnxProgram } from './backend.js';
import { type SizedBackend, startFixedBatches } from './fixed-batches.js';
import { cardPrecision } from './nvidia-precision.js';
import { failing, isNvidia, type OnnxSession, type Runtime, startSession } from './onnxruntime-session.js';

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

/**
 * Loads an ONNX model of `emitOnnx` into onnxruntime, in this process. onnxruntime-node leaks sessions that are
 * made again and again, and crashes with more than one thread: one process, one session, kept.
 *
 * On an NVIDIA card there is a session for each of a few sizes of batch if `maxBatch` is given. onnxruntime 1.30 keeps one
 * plan for each convolution, for the size that came last: every change of size cost street-b0 1 to 2 s on an H100.
 * @param onnx the model's bytes; not needed afterwards.
 * @param options `threads`: those of the machine, at most eight, if not given.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if the library or the device does not start, ERR_BACKEND_FAILED if the
 * model is not accepted.
 */
export function createOnnxruntimeBackend(onnx: Uint8Array, options: BackendOptions): Promise<Backend> {
  return startOnDevice(options, Infinity, async () => {
    const started = await startSession(onnx, options);
    return new OnnxruntimeBackend(started, options.device, endsOf(started.session));
  });
}

/**
 * Loads somebody else's ONNX model, as {@link createOnnxruntimeBackend} does, and runs it once on grey pictures: only then
 * are the shapes of its outputs known.
 * @throws SightlineError as that does, and ERR_MODEL_INVALID if an output is no list or grid of numbers.
 */
export function createOnnxFileBackend(program: OnnxProgram, options: BackendOptions): Promise<Backend> {
  return startOnDevice(options, program.maxBatch, (count) => startFile(program, options, count));
}

/**
 * @param limit most pictures that the model takes at a time.
 * @param start makes a backend that is first given `count` pictures, and on an NVIDIA card never another number.
 */
async function startOnDevice(
  { device, maxBatch }: BackendOptions,
  limit: number,
  start: (count: number) => Promise<SizedBackend>,
): Promise<Backend> {
  if (!isNvidia(device) || maxBatch === undefined) return start(1);
  try {
    return await startFixedBatches(start, Math.min(maxBatch, limit));
  } catch (cause) {
    if (!isSightlineError(cause, 'ERR_BACKEND_FAILED')) throw cause;
    // A card without room, or cuDNN that is not there: another device may do.
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `"${device}" starts and does not run: ${cause.message}`,
      { cause },
    );
  }
}

async function startFile(
  program: OnnxProgram,
  options: BackendOptions,
  count: number,
): Promise<OnnxruntimeBackend> {
  const { bytes, input, width, height, maxBatch } = program;
  const started = await startSession(bytes, options);
  const names = program.outputs.map(({ name }) => name);
  const picture = new Uint8Array(width * height * 3).fill(GREY);
  try {
    const results = await runOnce(started, { input, width, height, count, picture }, names);
    const outputs = program.outputs.map(({ layout }, index) => outputOf(results[index]!, layout));
    return new OnnxruntimeBackend(started, options.device, { input, width, height, outputs, maxBatch });
  } catch (error) {
    await started.session.release();
    throw error;
  }
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
  const started = await startSession(bytes, { device: 'cpu' });
  const names = outputs.map(({ name }) => name);
  try {
    const all: (readonly OnnxResult[] | undefined)[] = [];
    for (const count of counts) {
      const run = runOnce(started, { input, width, height, count, picture }, names);
      all.push(await (all.length === 0 ? run : run.catch(() => undefined)));
    }
    return all;
  } finally {
    await started.session.release();
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
  { runtime, session }: OnnxSession,
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

class OnnxruntimeBackend implements SizedBackend {
  readonly info: BackendInfo;
  readonly pictureBytes: number;
  readonly #runtime: Runtime;
  readonly #session: ort.InferenceSession;
  readonly #ends: Ends;
  /** Memory of the heads, kept between calls and sized for the largest batch so far. */
  #memory: Float32Array[] = [];

  constructor({ runtime, session }: OnnxSession, device: string, ends: Ends) {
    this.#runtime = runtime;
    this.#session = session;
    this.#ends = ends;
    this.pictureBytes = ends.width * ends.height * 3;
    const version = runtime.env.versions.node ?? runtime.env.versions.common;
    const precision = isNvidia(device) ? cardPrecision() : 'float32';
    this.info = { backend: 'onnxruntime', device, precision, version };
  }

  async run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    const { width, height, outputs, maxBatch } = this.#ends;
    const picture = this.pictureBytes;
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
