/**
 * Starts the WebAssembly runtime of @tensorflow/tfjs-backend-wasm with SIMD and threads.
 *
 * The package itself starts threads in browsers only: in Node it takes them for missing, makes its workers of blob URLs,
 * which Node cannot load, and halves the number of cores. Its binaries have nothing against Node, so they are started
 * here in its place and handed to its backend.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** A runtime that `BackendWasm` can be made of. */
export interface WasmRuntime {
  readonly module: ConstructorParameters<typeof BackendWasm>[0];
  /** To be called when the backend runs: its threads no longer keep the process from ending. */
  detach(): void;
  /** Ends the threads. */
  stop(): Promise<void>;
}

/** What Emscripten makes, as far as it is used here. */
interface EmscriptenModule {
  cwrap(name: string, result: 'number' | null, args: readonly 'number'[]): (...args: number[]) => number;
  tfjs?: unknown;
  readonly PThread?: { readonly unusedWorkers: Worker[]; readonly pthreads: Record<string, Worker> };
}

interface EmscriptenOptions {
  readonly locateFile: (file: string) => string | URL;
  readonly mainScriptUrlOrBlob: string;
  /** Is given what the binary imports, gives back what it exports. */
  readonly instantiateWasm: (
    imports: Imports,
    receive: (instance: Instance, compiled: CompiledModule) => void,
  ) => object;
}

type EmscriptenFactory = (options: EmscriptenOptions) => Promise<EmscriptenModule>;

/** What is used of WebAssembly: TypeScript knows it by the types of browsers only. */
interface WebAssemblyNamespace {
  compile(binary: Uint8Array): Promise<CompiledModule>;
  readonly Instance: new (compiled: CompiledModule, imports: Imports) => Instance;
}

type CompiledModule = object;
type Imports = Record<string, Record<string, unknown>>;
interface Instance {
  readonly exports: object;
}

const WORKER = 'tfjs-backend-wasm-threaded-simd.worker.js';

/** The runtime with threads, and the one without, which starts faster. Both have SIMD. */
const THREADED = ['tfjs-backend-wasm-threaded-simd.js', 'tfjs-backend-wasm-threaded-simd.wasm'] as const;
const SINGLE = ['tfjs-backend-wasm.js', 'tfjs-backend-wasm-simd.wasm'] as const;

/** Files of the package that {@link startWasm} reads. */
export const WASM_FILES: readonly string[] = [...THREADED, ...SINGLE, WORKER];

/** Threads that the binary can have: it starts eight workers, and the caller's thread works as well. */
export const WASM_MAX_THREADS = 8;

/**
 * Starts a runtime.
 * @param folder the package's `wasm-out`.
 * @param threads 1 to {@link WASM_MAX_THREADS}.
 * @throws whatever the package's code throws.
 */
export async function startWasm(folder: string, threads: number): Promise<WasmRuntime> {
  const [script, binary] = threads > 1 ? THREADED : SINGLE;
  const path = join(folder, script);
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace };
  const compiled = await WebAssembly.compile(await readFile(join(folder, binary)));
  const factory = createRequire(import.meta.url)(path) as EmscriptenFactory;
  const module = await leavingProcessAlone(() =>
    factory({
      locateFile: (file) => (file.endsWith('.worker.js') ? workerUrl(folder) : join(folder, file)),
      mainScriptUrlOrBlob: path,
      instantiateWasm(imports, receive) {
        // It takes half of them, since most processors run two threads on a core.
        imports['env']!['emscripten_num_logical_cores'] = () => 2 * threads;
        const instance = new WebAssembly.Instance(compiled, imports);
        receive(instance, compiled);
        return instance.exports;
      },
    }),
  );
  const { unusedWorkers, pthreads } = module.PThread ?? { unusedWorkers: [], pthreads: {} };
  const surplus = unusedWorkers.splice(threads - 1);
  await Promise.all(surplus.map((worker) => worker.terminate()));
  const workers = (): Worker[] => [...unusedWorkers, ...Object.values(pthreads)];
  module.tfjs = functionsOf(module);
  return {
    module: module as unknown as WasmRuntime['module'],
    detach() {
      for (const worker of workers()) worker.unref();
    },
    async stop() {
      await Promise.all(workers().map((worker) => worker.terminate()));
    },
  };
}

/** What the package's backend calls, by the names that it has for it. */
function functionsOf(module: EmscriptenModule): WasmRuntime['module']['tfjs'] {
  const call = (
    name: string,
    args: number,
    result: 'number' | null = null,
  ): ((...args: number[]) => number) => module.cwrap(name, result, Array<'number'>(args).fill('number'));
  return {
    init: call('init', 0),
    initWithThreadsCount: call('init_with_threads_count', 1),
    getThreadsCount: call('get_threads_count', 0, 'number'),
    registerTensor: call('register_tensor', 3),
    disposeData: call('dispose_data', 1),
    // Not the package's: that one removes every listener of errors that the process has. The memory goes with the module.
    dispose: () => undefined,
  };
}

/** The package has its worker as a string, for blob URLs. Node loads data URLs, as modules: what those lack is added. */
function workerUrl(folder: string): URL {
  const path = JSON.stringify(join(folder, WORKER));
  const source = [
    `import { createRequire } from 'node:module';`,
    `const require = createRequire(${path});`,
    `Object.assign(globalThis, { require, __filename: ${path}, __dirname: ${JSON.stringify(folder)} });`,
    // Line breaks are in strings, where they were \n before.
    `(0, eval)(require(${path}).wasmWorkerContents.replaceAll('\\n', '\\\\n'));`,
  ];
  return new URL(`data:text/javascript,${encodeURIComponent(source.join('\n'))}`);
}

/** Emscripten listens for errors that nobody caught, and sets a global `Worker`. Both are undone once it has started. */
async function leavingProcessAlone<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  const worker = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  try {
    return await start();
  } finally {
    for (const [at, event] of events.entries()) {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[at]!.has(listener)) process.removeListener(event, listener);
      }
    }
    if (worker === undefined) Reflect.deleteProperty(globalThis, 'Worker');
    else Object.defineProperty(globalThis, 'Worker', worker);
  }
}
