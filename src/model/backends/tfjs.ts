import { availableParallelism } from 'node:os';
import type * as core from '@tensorflow/tfjs-core';
import { messageOf, SightlineError } from '../../errors.js';
import type { Network } from '../graph/fold-batch-norm.js';
import type { Backend, BackendOptions } from './backend.js';
import { TfjsBackend } from './tfjs-backend.js';
import { findWasmPackage } from './tfjs-install.js';
import { importModules } from './tfjs-modules.js';
import { startWasm, WASM_MAX_THREADS } from './tfjs-wasm.js';

type Tfjs = typeof core;

/** A backend of TensorFlow.js that has been made the current one. */
interface Started {
  /** What to say beside the version. */
  readonly detail: string;
  readonly release: () => Promise<void>;
}

const WASM = 'wasm';

/**
 * Loads a network into TensorFlow.js, in this process, on WebAssembly or on what one of `modules` registers under the
 * device's name. TensorFlow.js has one current backend: one network at a time.
 * @param options `threads` are those of WebAssembly: as many as the machine has, at most eight, if not given.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if a module does not import, there is no such backend after that, or it
 * does not start.
 */
export async function createTfjsBackend(network: Network, options: BackendOptions): Promise<Backend> {
  const { device, modules = [] } = options;
  const tf = await import('@tensorflow/tfjs-core');
  // Otherwise it writes warnings to the console; what matters of them is thrown as well.
  tf.enableProdMode();
  await importModules(modules);
  const { detail, release } = device === WASM ? await useWasm(tf, options) : await useRegistered(tf, device);
  const version = tf.version_core + detail;
  return new TfjsBackend(tf, network, { backend: 'tfjs', device, precision: 'float32', version }, release);
}

async function useWasm(tf: Tfjs, { threads }: BackendOptions): Promise<Started> {
  const { folder, problem } = await findWasmPackage();
  if (problem !== undefined) throw unavailable(WASM, problem);
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const wanted = Math.min(threads ?? availableParallelism(), WASM_MAX_THREADS);
    wasm.setThreadsCount(wanted);
    const runtime = await startWasm(folder, wanted);
    // When it is imported the package registers its own way to start.
    if (isRegistered(tf, WASM)) tf.removeBackend(WASM);
    tf.registerBackend(WASM, () => new wasm.BackendWasm(runtime.module));
    await tf.setBackend(WASM);
    runtime.detach();
    const got = wasm.getThreadsCount();
    return {
      detail: ` (SIMD, ${got} ${got === 1 ? 'thread' : 'threads'})`,
      release: async () => {
        await runtime.stop();
        tf.removeBackend(WASM);
      },
    };
  } catch (cause) {
    throw unavailable(WASM, messageOf(cause), cause);
  }
}

async function useRegistered(tf: Tfjs, name: string): Promise<Started> {
  if (!isRegistered(tf, name)) {
    const registered = Object.keys(tf.engine().registryFactory);
    const known = registered.length > 0 ? registered.join(', ') : 'none';
    throw unavailable(
      name,
      `no such backend is registered with TensorFlow.js (registered: ${known}); list the module that registers it in model.modules`,
    );
  }
  try {
    if ((tf.findBackend(name) as core.KernelBackend | null) === null) {
      // Not by setBackend, which would print why it failed, and not throw it.
      const backend = await tf.findBackendFactory(name)();
      tf.removeBackend(name);
      tf.registerBackend(name, () => backend);
    }
    await tf.setBackend(name);
  } catch (cause) {
    throw unavailable(name, messageOf(cause), cause);
  }
  return { detail: '', release: () => Promise.resolve() };
}

function isRegistered(tf: Tfjs, name: string): boolean {
  // Not by findBackendFactory, which also finds what every object has, such as "constructor".
  return Object.hasOwn(tf.engine().registryFactory, name);
}

function unavailable(device: string, why: string, cause?: unknown): SightlineError {
  const line = why.replace(/\s+/g, ' ').slice(0, 500);
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', `tfjs:${device} is not available: ${line}`, { cause });
}
