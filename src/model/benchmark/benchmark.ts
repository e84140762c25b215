/** Times a model's network on the devices of this machine, each in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isSightlineError, SightlineError } from '../../errors.js';
import type { InputSize } from '../../geometry/input-size.js';
import { architectureOf } from '../architectures/registry.js';
import type { BackendInfo } from '../backends/backend.js';
import { requireBfloat16Cpu } from '../backends/bfloat16-cpu.js';
import { type BackendListing, chooseBackend, listBackends } from '../backends/choose.js';
import type { BenchmarkJob, BenchmarkNews, Measurement } from './benchmark-main.js';
import { BFLOAT16_DEVICE, type ComputePrecision } from '../compute-precision.js';
import { loadManifestAt } from '../read-network.js';

/** What to measure: every combination of the lists. */
export interface BenchmarkOptions {
  readonly modelDir: string;
  /** Devices as for `loadNetwork`; all that are available here if not given. */
  readonly devices?: readonly string[] | undefined;
  /** Pictures of one call. */
  readonly batches: readonly number[];
  /** Threads on the CPU; graphics cards are measured once. */
  readonly threads: readonly number[];
  /** Sizes of the network's input; the model's own if empty. */
  readonly sizes: readonly InputSize[];
  /** What to compute in, on every device; if not given what each has. */
  readonly precisions?: readonly ComputePrecision[] | undefined;
  /** Least time and least number of calls of one measurement, after a warm-up. */
  readonly seconds: number;
  readonly runs: number;
}

/** One combination. */
export interface BenchmarkCase {
  /** As it was asked for. */
  readonly device: string;
  /** Null on a graphics card. */
  readonly threads: number | null;
  readonly size: InputSize;
  readonly precision: ComputePrecision;
  readonly batch: number;
}

/** What came of one combination: `measurement`, or `error` in one line. */
export interface BenchmarkRow extends BenchmarkCase {
  /** Undefined if it did not start. */
  readonly info?: BackendInfo;
  readonly loadMs?: number;
  readonly measurement?: Measurement;
  readonly error?: string;
}

/** All that was measured, and what could not be. */
export interface BenchmarkResult {
  readonly rows: readonly BenchmarkRow[];
  /** Devices that are not available here. Empty if devices were named. */
  readonly absent: readonly BackendListing[];
}

const ENTRY = fileURLToPath(new URL('./benchmark-main.js', import.meta.url));
const CARDS: ReadonlySet<string> = new Set(['cuda', 'tensorrt', 'webgpu', 'coreml', 'dml', 'gpu', 'webgl']);
const LONGEST_LINE = 300;

/**
 * Measures one combination after the other.
 * @param onStart told before each process starts what it will measure, and how many rows there will be in all.
 * @param signal ends the measuring; the rows so far are in the result.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID or, for a device that is none, ERR_USAGE. What goes wrong on a device is a row.
 */
export async function benchmarkModel(
  options: BenchmarkOptions,
  signal: AbortSignal,
  onStart: (cases: readonly BenchmarkCase[], done: number, all: number) => void = () => undefined,
): Promise<BenchmarkResult> {
  const manifest = await loadManifestAt(options.modelDir);
  const { input } = manifest;
  await checkNames(options.devices ?? []);
  const { onnxOnly } = architectureOf(manifest);
  const listed = (options.devices === undefined ? await listBackends() : []).filter(
    ({ backend }) => !onnxOnly || backend === 'onnxruntime',
  );
  const devices =
    options.devices ??
    listed.filter(({ available }) => available).map(({ backend, device }) => `${backend}:${device}`);
  const sizes = options.sizes.length > 0 ? options.sizes : [{ width: input.width, height: input.height }];
  const bfloat16 = await hasBfloat16();
  const precisionsOn = (device: string): readonly ComputePrecision[] =>
    options.precisions ?? (bfloat16 && device === BFLOAT16_DEVICE ? ['float32', 'bfloat16'] : ['float32']);
  const groups = devices.flatMap((device) =>
    sizes.flatMap((size) =>
      precisionsOn(device).flatMap((precision) =>
        threadsOn(device, options.threads).map((threads) =>
          options.batches.map((batch): BenchmarkCase => ({ device, threads, size, precision, batch })),
        ),
      ),
    ),
  );
  const all = groups.length * options.batches.length;
  const rows: BenchmarkRow[] = [];
  for (const cases of groups) {
    if (signal.aborted) break;
    onStart(cases, rows.length, all);
    rows.push(...(await measureGroup(cases, options, signal)));
  }
  return { rows, absent: listed.filter(({ available }) => !available) };
}

/** A misspelt device is told at once; one that is not available here becomes a row. */
async function checkNames(devices: readonly string[]): Promise<void> {
  for (const device of devices) {
    await chooseBackend(device).catch((error: unknown) => {
      if (!isSightlineError(error, 'ERR_BACKEND_UNAVAILABLE')) throw error;
    });
  }
}

async function hasBfloat16(): Promise<boolean> {
  try {
    await requireBfloat16Cpu();
    return true;
  } catch {
    return false;
  }
}

function threadsOn(device: string, threads: readonly number[]): readonly (number | null)[] {
  return CARDS.has(device.split(':').at(-1) ?? '') ? [null] : threads;
}

/** Measures combinations that differ in nothing but their batch. Rows that an abort cut off are left out. */
async function measureGroup(
  cases: readonly BenchmarkCase[],
  { modelDir, seconds, runs }: BenchmarkOptions,
  signal: AbortSignal,
): Promise<BenchmarkRow[]> {
  const [{ device, threads, size, precision }] = cases as readonly [BenchmarkCase];
  const batches = cases.map(({ batch }) => batch);
  const job: BenchmarkJob = { modelDir, device, threads, size, precision, batches, seconds, runs };
  const { news, end } = await runChild(job, signal);
  const loaded = news.find((item) => item.kind === 'loaded');
  const refused = news.find((item) => item.kind === 'refused');
  const started = loaded === undefined ? {} : { info: loaded.info, loadMs: loaded.loadMs };
  const rows: BenchmarkRow[] = [];
  for (const one of cases) {
    const told = news.find((item) => 'batch' in item && item.batch === one.batch);
    if (told?.kind === 'measured') rows.push({ ...one, ...started, measurement: told.measurement });
    else if (told?.kind === 'failed') rows.push({ ...one, ...started, error: told.message });
    else if (!signal.aborted) rows.push({ ...one, ...started, error: refused?.message ?? end });
  }
  return rows;
}

/** Runs a child to its end. @returns what it told, and how it ended in one line. */
async function runChild(
  job: BenchmarkJob,
  signal: AbortSignal,
): Promise<{ readonly news: readonly BenchmarkNews[]; readonly end: string }> {
  const child = fork(ENTRY, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'json' });
  const news: BenchmarkNews[] = [];
  let lastLine = '';
  // What native libraries write there is theirs to say; it matters only if they end the process.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastLine = text.trimEnd().split('\n').at(-1)?.trim().slice(0, LONGEST_LINE) ?? '';
  });
  const kill = (): void => void child.kill('SIGKILL');
  child.on('message', (item: BenchmarkNews) => {
    news.push(item);
    // Not by itself: the exit handlers of a native runtime may crash or wait for a device.
    if (item.kind === 'done' || item.kind === 'refused') kill();
  });
  signal.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  try {
    if (signal.aborted) kill();
    const [code, by] = await endOf(child, job);
    const how = by === null ? `with exit code ${String(code)}` : `by ${by}`;
    return { news, end: `the process was ended ${how}${lastLine === '' ? '' : `: ${lastLine}`}` };
  } finally {
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
  }
}

async function endOf(
  child: ChildProcess,
  job: BenchmarkJob,
): Promise<readonly [number | null, NodeJS.Signals | null]> {
  const closed = once(child, 'close');
  // A child that dies at once shows it in its end and not here.
  child.send(job, () => undefined);
  try {
    return (await closed) as [number | null, NodeJS.Signals | null];
  } catch (cause) {
    throw new SightlineError('ERR_BACKEND_FAILED', 'the process of a measurement cannot be started', {
      cause,
    });
  }
}
