import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type * as ort from 'onnxruntime-node';
import { messageOf, SightlineError } from '../../errors.js';
import type { BackendOptions } from './backend.js';
import { missingDependency } from './missing-dependency.js';
import { keepFloat32 } from './nvidia-precision.js';
import { INSTALL_ONNXRUNTIME, locatePackage, providerLibrary } from './onnxruntime-install.js';
import { setVisibleDevices } from './visible-devices.js';

/** The deeper layers are 13 × 13 pixels: little is left to share between more threads than this. */
const DEFAULT_MAX_THREADS = 8;

/**
 * How long an idle thread of onnxruntime burns its core before it sleeps. Left to itself it goes on through the pause
 * between two pictures: street-b0 on two cores with 40 ms of pause cost 124 to 133 ms of CPU a picture, where 75 do the
 * work. Without any spinning each picture took 8 % longer, because threads fell asleep between two layers. This bridges
 * layers and not pictures: 74 ms of CPU, and as fast as with endless spinning.
 */
const SPIN_MICROSECONDS = 50;

/** The package onnxruntime-node. */
export type Runtime = typeof ort;

/** A model that onnxruntime has loaded. */
export interface OnnxSession {
  readonly runtime: Runtime;
  readonly session: ort.InferenceSession;
}

/**
 * Starts a session of a model in this process, which loads onnxruntime the first time.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if the library or the device does not start, ERR_BACKEND_FAILED if the
 * model is not accepted.
 */
export async function startSession(onnx: Uint8Array, options: BackendOptions): Promise<OnnxSession> {
  const { device } = options;
  setVisibleDevices(options.gpu);
  if (isNvidia(device)) keepFloat32();
  // Version 1.30 otherwise queues events of every session for upload to its maker, and leaves a log of each process in the
  // temporary folder.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  let runtime: Runtime;
  try {
    // Here and not above: this loads 45 MB of native code.
    runtime = createRequire(import.meta.url)(locatePackage() ?? 'onnxruntime-node') as Runtime;
  } catch (cause) {
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `onnxruntime-node does not load: ${oneLine(cause)}; ${INSTALL_ONNXRUNTIME}`,
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
      `onnxruntime cannot start on "${device}": ${missingLibrary(device) ?? oneLine(cause)}; check its driver and ` +
        'libraries, or use "cpu"',
      { cause },
    );
  }
}

/** Whether NVIDIA's libraries do the work of a device. */
export function isNvidia(device: string): device is 'cuda' | 'tensorrt' {
  return device === 'cuda' || device === 'tensorrt';
}

/** onnxruntime itself says no more than that it cannot load its provider library. */
function missingLibrary(device: string): string | undefined {
  const provider = isNvidia(device) ? providerLibrary(device) : undefined;
  const missing = provider && missingDependency(provider);
  return missing && `${missing} was not found (LD_LIBRARY_PATH names the folders)`;
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

/** Runs, and says what failed in our words. */
export async function failing<T>(count: number, run: () => Promise<T>): Promise<T> {
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

/** Native errors have several lines and source paths of the library's build machine. */
function oneLine(cause: unknown): string {
  const text = messageOf(cause)
    .replace(/\/onnxruntime_src\/\S+\s.*?\)>?\s/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
