/**
 * The thread in which HDF5 files are read: the library is C, was not made for files that lie, and can spin or take memory
 * without end. A thread can be ended from outside.
 */
import fs from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { File, ready } from 'h5wasm/node';
import { messageOf } from '../../errors.js';
import { type KerasTensor, readKerasLayout } from './keras-layout.js';

/** What is asked of the thread. */
export interface ReadRequest {
  /** Absolute. */
  readonly path: string;
}

/** What the thread answers. */
export type ReadReply =
  | { readonly tensors: readonly KerasTensor[] }
  | {
      readonly problem: string;
      /** Whether the library is in a state that nobody knows. */
      readonly broken: boolean;
    };

/** What is used here of a global that Node's types do not describe. */
interface WebAssemblyGlobal {
  readonly Memory: {
    readonly prototype: {
      readonly buffer: ArrayBuffer;
      grow: (this: { readonly buffer: ArrayBuffer }, pages: number) => number;
    };
  };
  readonly RuntimeError: new () => Error;
}

const { Memory, RuntimeError } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;
const PAGE_BYTES = 65_536;
const MAX_HEAP_BYTES = 512 * 2 ** 20;

/** What the library printed about the current file. */
let printed = '';

parentPort?.on('message', ({ path }: ReadRequest) => {
  void ready.then(() => {
    const reply = read(path);
    const buffers = 'tensors' in reply ? reply.tensors.map(({ data }) => data.buffer) : [];
    parentPort?.postMessage(reply, buffers);
  });
});
limitHeap();
catchPrinted();

function read(path: string): ReadReply {
  printed = '';
  let file: File | undefined;
  try {
    file = new File(path, 'r');
    if (file.file_id < 0n) return { problem: reasonIn(printed) ?? 'it cannot be opened', broken: false };
    const tensors = readKerasLayout(file, fs.statSync(path).size);
    const failure = reasonIn(printed);
    return failure === undefined ? { tensors } : { problem: failure, broken: false };
  } catch (error) {
    const reason = reasonIn(printed);
    const broken = error instanceof RuntimeError || error instanceof RangeError;
    const message = messageOf(error).replace(/\s+/g, ' ');
    return { problem: reason === undefined ? message : `${message} (${reason})`, broken };
  } finally {
    if (file !== undefined && file.file_id >= 0n) file.close();
  }
}

/** The library asks for more memory through this call and copes with a no. */
function limitHeap(): void {
  const { grow } = Memory.prototype;
  Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > MAX_HEAP_BYTES) throw new RangeError('limit');
    return grow.call(this, pages);
  };
}

/** The library writes what went wrong to the standard error stream, past Node's. Each thread has its own `fs`. */
function catchPrinted(): void {
  const { writeSync } = fs;
  const caught = (fd: number, data: NodeJS.ArrayBufferView | string, ...rest: never[]): number => {
    if (fd !== 1 && fd !== 2) return (writeSync as (...all: unknown[]) => number)(fd, data, ...rest);
    const [offset, length] = rest as number[];
    const text =
      typeof data === 'string'
        ? data
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(
            'latin1',
            offset,
            (offset ?? 0) + (length ?? data.byteLength),
          );
    printed = `${printed}${text}`.slice(-16_384);
    return typeof data === 'string' ? data.length : (length ?? data.byteLength);
  };
  fs.writeSync = caught as typeof fs.writeSync;
}

/** The innermost reason in the library's trace: `#006: H5Fsuper.c line 577 in H5F__super_read(): truncated file: …`. */
function reasonIn(trace: string): string | undefined {
  const first = trace.split('HDF5-DIAG').find((part) => part.includes('#000'));
  const reasons = [...(first ?? '').matchAll(/#\d{3}: .*? in \w+\(\): (.*)/g)];
  return reasons.at(-1)?.[1]?.slice(0, 200);
}
