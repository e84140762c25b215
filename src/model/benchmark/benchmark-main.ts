/**
 * The benchmark child's program, started by `benchmarkModel` with an IPC channel: loads a network on one device and times
 * batches of it. One process for each device and number of threads, because the runtimes' thread pools disturb each other,
 * and because native code can take its process with it.
 */
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import type { InputSize } from '../../geometry/input-size.js';
import type { Backend, BackendInfo } from '../backends/backend.js';
import type { ComputePrecision } from '../compute-precision.js';
import { loadNetwork } from '../load-network.js';

/** What the child is to do. */
export interface BenchmarkJob {
  readonly modelDir: string;
  readonly device: string;
  readonly threads: number | null;
  readonly size: InputSize | null;
  readonly precision: ComputePrecision;
  /** Pictures of one call, one measurement each. */
  readonly batches: readonly number[];
  /** Time of one measurement; ends it together with `runs`, whichever is later. */
  readonly seconds: number;
  /** Least number of timed calls. */
  readonly runs: number;
}

/** What was measured of one batch size. */
export interface Measurement {
  readonly runs: number;
  /** Wall-clock milliseconds per picture. */
  readonly msPerImage: { readonly least: number; readonly median: number; readonly p95: number };
  readonly imagesPerSecond: number;
  /** Milliseconds of CPU per picture, all threads together. */
  readonly cpuMsPerImage: number;
  /** Largest memory of the process so far. */
  readonly peakMemoryMb: number;
}

/** What the child tells. */
export type BenchmarkNews =
  | {
      readonly kind: 'loaded';
      readonly info: BackendInfo;
      readonly size: InputSize;
      /** From the model folder to a network that can run. */
      readonly loadMs: number;
    }
  | { readonly kind: 'measured'; readonly batch: number; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly batch: number; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'done' };

const WARM_UP_RUNS = 3;

async function work(job: BenchmarkJob): Promise<void> {
  const { modelDir, device, threads, size, precision, batches } = job;
  const started = performance.now();
  const { backend, manifest } = await loadNetwork(modelDir, {
    device,
    threads: threads ?? undefined,
    size: size ?? undefined,
    precision,
  });
  const { width, height } = manifest.input;
  tell({ kind: 'loaded', info: backend.info, size: { width, height }, loadMs: performance.now() - started });
  for (const batch of batches) {
    try {
      const measurement = await measure(backend, noise(batch * width * height * 3), batch, job);
      tell({ kind: 'measured', batch, measurement });
    } catch (error) {
      tell({ kind: 'failed', batch, message: messageOf(error) });
    }
  }
  tell({ kind: 'done' });
}

async function measure(
  backend: Backend,
  pixels: Uint8Array,
  batch: number,
  { seconds, runs }: BenchmarkJob,
): Promise<Measurement> {
  for (let run = 0; run < WARM_UP_RUNS; run++) await backend.run(pixels, batch);
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  while (times.length < runs || performance.now() - started < seconds * 1000) {
    // Lets the end of the parent be heard.
    await setImmediate();
    const before = performance.now();
    await backend.run(pixels, batch);
    times.push((performance.now() - before) / batch);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const sum = times.reduce((total, time) => total + time, 0);
  times.sort((a, b) => a - b);
  return {
    runs: times.length,
    msPerImage: { least: times[0]!, median: quantile(times, 0.5), p95: quantile(times, 0.95) },
    imagesPerSecond: (1000 * times.length) / sum,
    cpuMsPerImage: (user + system) / 1000 / (times.length * batch),
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  };
}

/** The value that a share `at` of the sorted values does not exceed. */
function quantile(sorted: readonly number[], at: number): number {
  return sorted[Math.max(0, Math.ceil(at * sorted.length) - 1)]!;
}

/** The same bytes each time. A network takes as long over noise as over a picture. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function tell(news: BenchmarkNews): void {
  process.send?.(news);
}

if (process.send === undefined) {
  process.stderr.write('this program is started by sightline itself; run `sightline bench model`\n');
  process.exitCode = 2;
} else {
  // A terminal sends it to the whole group; the parent ends this process.
  process.on('SIGINT', () => undefined);
  const leave = (): void => void process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', leave);
  // While the modules were loading nobody listened.
  if (!process.connected) leave();
  process.once('message', (job: BenchmarkJob) => {
    work(job).catch((error: unknown) => {
      tell({ kind: 'refused', message: messageOf(error) });
    });
  });
}
