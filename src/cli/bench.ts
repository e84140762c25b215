import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { BUNDLED_MODEL, VERSION } from '../app/app.js';
import { checkOutput } from '../files/output-place.js';
import { unwritable } from '../files/reasons.js';
import {
  type BenchmarkCase,
  benchmarkModel,
  type BenchmarkResult,
  type BenchmarkRow,
} from '../model/benchmark/benchmark.js';
import { EXIT } from './exit-codes.js';
import { inputSize, numberFrom } from './parse-values.js';
import { print, say } from './terminal.js';
import { type Column, columnTable } from '../text/table.js';

interface ModelFlags {
  readonly device?: readonly string[];
  readonly batch: readonly number[];
  readonly threads: readonly number[];
  readonly size?: readonly ReturnType<typeof inputSize>[];
  readonly precision?: readonly ('float32' | 'bfloat16')[];
  readonly seconds: number;
  readonly runs: number;
  readonly json?: string;
  readonly overwrite?: true;
}

/** `sightline bench …`. @param onExit told the exit code. */
export function benchCommand(onExit: (code: number) => void): Command {
  const cores = availableParallelism();
  const model = new Command('model')
    .description('time the network on what there is here: milliseconds and images a second')
    .argument('[dir]', 'folder with model.json and weights (default: the bundled street-b0)')
    .option(
      '--device <list>',
      'devices such as cpu,tensorflow:cpu,wasm (default: all that `sightline doctor` finds)',
      listOf((text) => text),
    )
    .option('--batch <list>', 'pictures of one call', listOf(numberFrom(1, 256, 'integer')), [1, 4])
    .option(
      '--threads <list>',
      'threads on the CPU',
      listOf(numberFrom(1, 256, 'integer')),
      cores === 1 ? [1] : [1, cores],
    )
    .option('--size <list>', "sizes such as 320,416,544x320 (default: the model's)", listOf(inputSize))
    .option(
      '--precision <list>',
      'float32, bfloat16 or both (default: what each device has)',
      listOf(computePrecision),
    )
    .option('--seconds <n>', 'least time of one measurement', numberFrom(0, 3600), 2)
    .option('--runs <n>', 'least number of calls of one measurement', numberFrom(1, 1_000_000, 'integer'), 10)
    .option('--json <file>', 'write everything as JSON, with the machine; - for the standard output')
    .option('--overwrite', 'replace an existing file')
    .action(async (dir: string | undefined, flags: ModelFlags) => {
      onExit(await benchModel(dir ?? BUNDLED_MODEL, flags));
    });
  return new Command('bench').description('measure how fast things are here').addCommand(model);
}

async function benchModel(modelDir: string, flags: ModelFlags): Promise<number> {
  if (flags.json !== undefined && flags.json !== '-')
    await checkOutput(flags.json, { inputs: [modelDir], overwrite: flags.overwrite === true });
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const options = {
      modelDir,
      devices: flags.device,
      batches: flags.batch,
      threads: flags.threads,
      sizes: flags.size ?? [],
      precisions: flags.precision,
      seconds: flags.seconds,
      runs: flags.runs,
    };
    const load = loadavg();
    if ((load[0] ?? 0) > availableParallelism() / 2) {
      say(
        `warning: others use this machine (load ${(load[0] ?? 0).toFixed(1)} on ${availableParallelism()} cores): trust the ` +
          'CPU time more than the clock\n',
      );
    }
    const result = await benchmarkModel(options, stop.signal, showProgress);
    await report(modelDir, result, load, flags.json);
    if (stop.signal.aborted) return EXIT.interrupted;
    return result.rows.some(({ error }) => error === undefined) ? EXIT.done : EXIT.model;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function showProgress(cases: readonly BenchmarkCase[], done: number, all: number): void {
  const [{ device, threads, size, precision }] = cases as readonly [BenchmarkCase];
  const with_ = threads === null ? '' : `, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  const batches = cases.map(({ batch }) => batch).join(', ');
  say(
    `[${done + 1}/${all}] ${device} ${precision}${with_}, ${size.width}x${size.height}, batch ${batches}\n`,
  );
}

async function report(
  modelDir: string,
  result: BenchmarkResult,
  load: readonly number[],
  json: string | undefined,
): Promise<void> {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    /** Of the last minute, before the first measurement: others were at work if it is not near 0. */
    load: load[0] ?? 0,
    os: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  const whole = {
    format: 'sightline-bench-model/1',
    sightline: VERSION,
    date: new Date().toISOString(),
    machine,
    model: modelDir,
    ...result,
  };
  if (json === '-') {
    print(JSON.stringify(whole, null, 2));
    return;
  }
  const absent = result.absent.map(({ backend, device, reason }) => `${backend}:${device}: ${reason}`);
  const runtimes = new Set(
    // Some versions say in parentheses how they run.
    result.rows.flatMap(({ info }) =>
      info === undefined ? [] : `${info.backend} ${info.version.replace(/ \(.*/, '')}`,
    ),
  );
  const page = [
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)}, ${machine.os}, Node ${machine.node}`,
    [...runtimes].join(', '),
    '',
    columnTable(COLUMNS, result.rows),
    ...(absent.length > 0 ? ['', 'not here:', ...absent.map((line) => `  ${line}`)] : []),
  ];
  print(page.join('\n'));
  if (json !== undefined) await writeJson(json, whole);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
  } catch (cause) {
    throw unwritable(`"${file}"`, cause);
  }
}

const COLUMNS: readonly Column<BenchmarkRow>[] = [
  {
    title: 'device',
    cell: ({ device, info }) => (info === undefined ? device : `${info.backend}:${info.device}`),
  },
  { title: 'precision', cell: ({ info, precision }) => info?.precision ?? precision },
  { title: 'size', cell: ({ size }) => `${size.width}x${size.height}`, align: 'right' },
  { title: 'threads', cell: ({ threads }) => String(threads ?? '-'), align: 'right' },
  { title: 'batch', cell: ({ batch }) => String(batch), align: 'right' },
  numberColumn('ms/image', ({ measurement }) => measurement?.msPerImage.median),
  numberColumn('p95', ({ measurement }) => measurement?.msPerImage.p95),
  numberColumn('images/s', ({ measurement }) => measurement?.imagesPerSecond),
  numberColumn('CPU ms', ({ measurement }) => measurement?.cpuMsPerImage),
  { title: 'MB', cell: ({ measurement }) => measurement?.peakMemoryMb.toFixed(0) ?? '', align: 'right' },
  { title: '', cell: ({ error }) => (error === undefined ? '' : `failed: ${error}`) },
];

function numberColumn(title: string, value: (row: BenchmarkRow) => number | undefined): Column<BenchmarkRow> {
  return { title, cell: (row) => digits(value(row)), align: 'right' };
}

/** Three digits or more: a card takes less than a millisecond. */
function digits(value: number | undefined): string {
  return value?.toFixed(value < 10 ? 2 : 1) ?? '';
}

function computePrecision(text: string): 'float32' | 'bfloat16' {
  if (text === 'float32' || text === 'bfloat16') return text;
  throw new InvalidArgumentError('expected float32 or bfloat16');
}

/** Values separated by commas. */
function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    if (parts.includes('')) throw new InvalidArgumentError('expected values separated by commas');
    return parts.map(parse);
  };
}
