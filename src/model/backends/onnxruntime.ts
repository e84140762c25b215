import { availableParallelism } from 'node:os';
import type * as ort from 'onnxruntime-node';
import { messageOf, SightlineError } from '../../errors.js';
import { ONNX_INPUT, ONNX_OUTPUTS } from '../export/onnx.js';
import { setVisibleDevices } from './visible-devices.js';
import type { Backend, BackendInfo, BackendOptions, HeadTensor } from './backend.js';

/** The deeper layers are 13 × 13 pixels: little is left to share between more threads than this. */
const DEFAULT_MAX_THREADS = 8;

/**
 * How long an idle thread of onnxruntime burns its core before it sleeps. Left to itself it goes on through the pause
 * between two pictures: street-b0 on two cores with 40 ms of pause cost 124 to 133 ms of CPU a picture, where 75 do the
 * work. Without any spinning each picture took 8 % longer, because threads fell asleep between two layers. This bridges
 * layers and not pictures: 74 ms of CPU, and as fast as with endless spinning.
 */
const SPIN_MICROSECONDS = 50;

interface Ends {
  readonly width: number;
  readonly height: number;
  readonly heads: readonly { readonly channels: number; readonly height: number; readonly width: number }[];
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
    const session = await runtime.InferenceSession.create(onnx, sessionOptions(options));
    return new OnnxruntimeBackend(runtime, session, device);
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

  constructor(runtime: Runtime, session: ort.InferenceSession, device: string) {
    this.#runtime = runtime;
    this.#session = session;
    this.#ends = endsOf(session);
    const version = runtime.env.versions.node ?? runtime.env.versions.common;
    this.info = { backend: 'onnxruntime', device, precision: 'float32', version };
  }

  async run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    const { width, height, heads } = this.#ends;
    const bytes = count * width * height * 3;
    if (!Number.isSafeInteger(count) || count < 1 || pixels.length !== bytes) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `a batch of ${count} pictures of ${width}x${height} has ${bytes} bytes, got ${pixels.length}`,
      );
    }
    const images = new this.#runtime.Tensor('uint8', pixels, [count, height, width, 3]);
    const results = heads.map((head, index) => {
      const data = this.#memoryOf(index, count * head.channels * head.height * head.width);
      return { ...head, data, layout: 'nchw' as const };
    });
    const fetches: Record<string, ort.Tensor> = {};
    for (const [index, { data, ...head }] of results.entries()) {
      const shape = [count, head.channels, head.height, head.width];
      fetches[ONNX_OUTPUTS[index]!] = new this.#runtime.Tensor('float32', data, shape);
    }
    try {
      await this.#session.run({ [ONNX_INPUT]: images }, fetches);
    } catch (cause) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `onnxruntime failed on a batch of ${count}: ${oneLine(cause)}`,
        { cause },
      );
    }
    return results;
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
  const heads = ONNX_OUTPUTS.map((name) => {
    const [, channels = 0, rows = 0, columns = 0] = sizesOf(
      session.outputMetadata.find((output) => output.name === name),
    );
    return { channels, height: rows, width: columns };
  });
  return { width, height, heads };
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
