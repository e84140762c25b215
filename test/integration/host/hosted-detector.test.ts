import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErrorCode } from '../../../src/errors.js';
import { letterboxOf } from '../../../src/geometry/letterbox.js';
import { createDetector } from '../../../src/model/detector.js';
import {
  createHostedDetector,
  type HostedDetector,
  type HostedDetectorOptions,
} from '../../../src/model/host/supervisor.js';
import type { ModelInput } from '../../../src/contract/detector.js';
import { hostsOf, isRunning, isThere, openDescriptors } from './processes.js';

const SHIPPED = fileURLToPath(new URL('../../../models/street-b0', import.meta.url));
const SIDE = 416;
/** The first picture of the script, in network pixels of a 1280 × 720 source: scale 1280 / 416, 91 rows of border. */
const FOUND = [
  { box: { x1: 153.85, y1: 30.77, x2: 461.54, y2: 153.85 }, classId: 2, label: 'car', confidence: 0.9 },
  { box: { x1: 615.38, y1: 150.77, x2: 676.92, y2: 350.77 }, classId: 0, label: 'person', confidence: 0.6 },
];

let modelDir: string;
let detector: HostedDetector | undefined;

beforeEach(() => {
  modelDir = mkdtempSync(join(tmpdir(), 'sightline-host-'));
  cpSync(join(SHIPPED, 'model.json'), join(modelDir, 'model.json'));
  writeFileSync(
    join(modelDir, 'fake.json'),
    JSON.stringify([
      [
        { class: 'person', box: [200, 140, 220, 205], confidence: 0.6 },
        { class: 'car', box: [50, 101, 150, 141], confidence: 0.9 },
        { class: 'bus', box: [50, 101, 150, 141], confidence: 0.1 },
      ],
      [],
    ]),
  );
});

afterEach(async () => {
  await detector?.close();
  detector = undefined;
  rmSync(modelDir, { recursive: true, force: true });
  expect(hostsOf(process.pid)).toEqual([]);
});

describe('a hosted detector', () => {
  it('finds the same as one in this process, batch by batch', async () => {
    const local = await createDetector(options());
    detector = await createHostedDetector(options());
    expect(detector.info).toEqual(local.info);
    for (const count of [1, 2, 4, 3]) {
      const inputs = inputsOf(count);
      expect(await detector.detect(inputs)).toEqual(await local.detect(inputs));
    }
    await local.close();
  });

  it('says what the script says, in source pixels, best first, without what is below the threshold', async () => {
    detector = await createHostedDetector(options());
    const frames = await detector.detect(inputsOf(2));
    expect(frames).toEqual([
      { detections: FOUND, invalid: 0 },
      { detections: [], invalid: 0 },
    ]);
  });

  it('leaves the pixels alone and is done with them when it answers', async () => {
    detector = await createHostedDetector(options());
    const inputs = inputsOf(4);
    const before = inputs.map(({ pixels }) => Buffer.from(pixels));
    await detector.detect(inputs);
    expect(inputs.every(({ pixels }, i) => before[i]!.equals(pixels))).toBe(true);
  });

  it.each([
    ['no frame', () => []],
    ['more frames than a batch holds', () => inputsOf(5)],
    ['pixels of another size', () => [{ ...inputsOf(1)[0]!, pixels: new Uint8Array(3) }]],
    [
      'a letterbox of another network',
      () => [{ ...inputsOf(1)[0]!, letterbox: letterboxOf(9, 9, 608, 608) }],
    ],
  ])('refuses %s, and goes on', async (_, inputs) => {
    detector = await createHostedDetector(options());
    await expect(detector.detect(inputs())).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(await detector.detect(inputsOf(1))).toHaveLength(1);
  });

  it('takes one call at a time', async () => {
    detector = await createHostedDetector(options());
    const first = detector.detect(inputsOf(1));
    await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(await first).toHaveLength(1);
  });
});

describe('a child that is lost', () => {
  it('under a request: that batch is lost, the next one is answered by a new child', async () => {
    detector = await createHostedDetector(options());
    await killUnderRequest(detector);
    const frames = await detector.detect(inputsOf(1));
    expect(frames[0]!.detections).toEqual(FOUND);
    expect(detector.restarts).toBe(1);
  });

  it('while idle: nothing is lost', async () => {
    detector = await createHostedDetector(options());
    const [pid] = hostsOf(process.pid);
    process.kill(pid!, 'SIGKILL');
    await vi.waitUntil(() => detector!.restarts === 1, { timeout: 30_000 });
    expect(await detector.detect(inputsOf(2))).toHaveLength(2);
    expect(hostsOf(process.pid)).not.toContain(pid);
  });

  it('because it hangs: it is killed after the timeout, and replaced', async () => {
    detector = await createHostedDetector(options({ requestTimeoutMs: 1000 }));
    await detector.detect(inputsOf(1));
    const [pid] = hostsOf(process.pid);
    process.kill(pid!, 'SIGSTOP');
    await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({
      code: 'ERR_INFERENCE_LOST',
      message: 'the inference process did not answer for 1 s; 1 frame is lost, it is started again',
    });
    expect(isThere(pid!)).toBe(false);
    expect(await detector.detect(inputsOf(1))).toHaveLength(1);
  });

  it.skipIf(process.platform !== 'linux')('because it does not work on its first batch either', async () => {
    detector = await createHostedDetector(options({ requestTimeoutMs: 1000 }));
    process.kill(hostsOf(process.pid)[0]!, 'SIGSTOP');
    // A first batch may take ten times as long, but only as long as the processor is at work.
    await expect(detector.detect(inputsOf(1))).rejects.toThrow('did not answer for 1 s; 1 frame is lost');
  });

  it.skipIf(process.platform !== 'linux')(
    'while the run is ending: it is given up soon, for good',
    async () => {
      detector = await createHostedDetector(options());
      await detector.detect(inputsOf(1));
      process.kill(hostsOf(process.pid)[0]!, 'SIGSTOP');
      const asked = detector.detect(inputsOf(1));
      detector.windDown!();
      await expect(asked).rejects.toMatchObject({
        code: 'ERR_INFERENCE_LOST',
        message: 'the inference process did not answer for 5 s; 1 frame is lost, and the run is ending',
      });
      await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({ code: 'ERR_INFERENCE_LOST' });
      expect([detector.restarts, hostsOf(process.pid)]).toEqual([0, []]);
    },
  );

  it('five times in a row: the fifth time is the last', async () => {
    detector = await createHostedDetector(options());
    for (let i = 1; i < 5; i++) {
      await killUnderRequest(detector);
      await vi.waitUntil(() => detector!.restarts === i, { timeout: 30_000 });
    }
    await killUnderRequest(detector, 'ERR_BACKEND_FAILED');
    await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message:
        'the inference process ended 5 times in a row without an answer; the last time it was killed by SIGKILL',
    });
    expect(hostsOf(process.pid)).toEqual([]);
  });

  it('and whose model is gone: says so when it cannot be started again', async () => {
    detector = await createHostedDetector(options());
    rmSync(modelDir, { recursive: true });
    await killUnderRequest(detector);
    await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: expect.stringMatching(/cannot be started: no model in ".*sightline-host-/) as string,
    });
  });

  it('and whose model has become another: refuses to go on with it', async () => {
    detector = await createHostedDetector(options());
    const file = join(modelDir, 'model.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"bicycle"', '"tricycle"'));
    await killUnderRequest(detector);
    await expect(detector.detect(inputsOf(1))).rejects.toThrow(/now holds another model/);
  });

  it('fifty times, with answers between: leaves no process and no descriptor behind', async () => {
    detector = await createHostedDetector(options());
    let settled = 0;
    for (let i = 1; i <= 50; i++) {
      await killUnderRequest(detector);
      expect(await detector.detect(inputsOf(1))).toHaveLength(1);
      if (i === 5) settled = openDescriptors();
    }
    expect(detector.restarts).toBe(50);
    expect(hostsOf(process.pid)).toHaveLength(1);
    expect(openDescriptors()).toBe(settled);
  });
});

describe('close', () => {
  it('ends the child and what comes after; it may be called twice', async () => {
    detector = await createHostedDetector(options());
    const [pid] = hostsOf(process.pid);
    await Promise.all([detector.close(), detector.close()]);
    expect(isThere(pid!)).toBe(false);
    await expect(detector.detect(inputsOf(1))).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('ends a child that is stopped, under a request too', async () => {
    detector = await createHostedDetector(options());
    const [pid] = hostsOf(process.pid);
    process.kill(pid!, 'SIGSTOP');
    const request = detector.detect(inputsOf(4));
    const refused = expect(request).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await detector.close();
    await refused;
    expect(isThere(pid!)).toBe(false);
  });

  it('ends a child that is just being started', async () => {
    detector = await createHostedDetector(options());
    await killUnderRequest(detector);
    await vi.waitUntil(() => hostsOf(process.pid).length === 1, { timeout: 30_000, interval: 5 });
    const waiting = expect(detector.detect(inputsOf(1))).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await detector.close();
    await waiting;
    expect(hostsOf(process.pid)).toEqual([]);
  });
});

describe('a start that fails', () => {
  it.each<[string, Partial<HostedDetectorOptions>, ErrorCode, RegExp]>([
    ['no such model', { modelDir: '/nowhere' }, 'ERR_MODEL_NOT_FOUND', /no model in "\/nowhere"/],
    ['no such class', { classes: ['cra'] }, 'ERR_USAGE', /no class "cra" \(did you mean "car"\?\)/],
    ['no such device', { device: 'abacus' }, 'ERR_USAGE', /abacus/],
    ['a confidence that is no number', { confidence: NaN }, 'ERR_USAGE', /from 0 to 1, got "NaN"/],
    ['an overlap above 1', { iou: 1.2 }, 'ERR_USAGE', /iou must be a number from 0 to 1, got 1.2/],
    [
      'no room for a frame',
      { maxBatch: 0 },
      'ERR_USAGE',
      /maxBatch must be a whole number from 1 to 256, got 0/,
    ],
    ['half a thread', { threads: 1.5 }, 'ERR_USAGE', /threads must be a whole number from 1 to 256, got 1.5/],
    ['no time to answer', { requestTimeoutMs: 0 }, 'ERR_USAGE', /requestTimeoutMs must be/],
  ])('%s', async (_, wrong, code, message) => {
    const failed = createHostedDetector(options(wrong));
    await expect(failed).rejects.toMatchObject({
      name: 'SightlineError',
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('keeps the code of an error that only the child meets', async () => {
    writeFileSync(
      join(modelDir, 'fake.json'),
      '[[{ "class": "giraffe", "box": [0, 0, 1, 1], "confidence": 1 }]]',
    );
    await expect(createHostedDetector(options())).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/fake\.json": the model has no class "giraffe"/) as string,
    });
  });

  it('gives the last words of a child that ends while it loads', async () => {
    const preload = join(modelDir, 'preload.cjs');
    writeFileSync(preload, 'process.stderr.write("libcuda says:\\n  out of luck\\n"); process.exit(7);');
    vi.stubEnv('NODE_OPTIONS', `--require ${preload}`);
    const lines: unknown[] = [];
    const logger = {
      debug: (fields: object) => lines.push(fields),
      info: vi.fn(),
      warn: vi.fn(),
      error: vi.fn(),
    };
    await expect(createHostedDetector(options({ logger }))).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message:
        `the inference process ended with exit code 7 while it loaded "${modelDir}" on fake; ` +
        'its last words: libcuda says: |   out of luck',
    });
    expect(lines).toContainEqual({ line: 'libcuda says:' });
    vi.unstubAllEnvs();
  });
});

describe('the child', () => {
  it.each(['SIGINT', 'SIGHUP', 'SIGTERM'] as const)(
    'does not mind %s, which a terminal or a service manager sends to everyone',
    async (signal) => {
      detector = await createHostedDetector(options());
      const [pid] = hostsOf(process.pid);
      process.kill(pid!, signal);
      expect(await detector.detect(inputsOf(1))).toHaveLength(1);
      expect(detector.restarts).toBe(0);
      expect(hostsOf(process.pid)).toEqual([pid]);
    },
  );

  it('is gone when its parent is killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT, modelDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    expect(line).toBe('answered');
    const [pid] = hostsOf(parent.pid!);
    expect(isRunning(pid!)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await vi.waitUntil(() => !isRunning(pid!), { timeout: 20_000 });
  });

  it('says in one line what it is when it is started by hand', async () => {
    const child = spawn(process.execPath, [distFile('model/host/host-main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [errors, output] = await Promise.all([
      textOf(child.stderr),
      textOf(child.stdout),
      once(child, 'close'),
    ]);
    expect(errors).toMatch(/^this program is started by sightline itself.*\n$/);
    expect([output, child.exitCode]).toEqual(['', 2]);
  });
});

/** Keeps a child busy for ever, so that it is killed with requests under way. */
const PARENT = `
  import { createHostedDetector } from ${JSON.stringify(distFile('model/host/supervisor.js'))};
  import { letterboxOf } from ${JSON.stringify(distFile('geometry/letterbox.js'))};
  const detector = await createHostedDetector({ modelDir: process.argv[1], device: 'fake', maxBatch: 1 });
  const letterbox = letterboxOf(1280, 720, 416, 416);
  const pixels = new Uint8Array(416 * 416 * 3);
  await detector.detect([{ pixels, letterbox }]);
  console.log('answered');
  for (;;) await detector.detect([{ pixels, letterbox }]);
`;

function options(changes: Partial<HostedDetectorOptions> = {}): HostedDetectorOptions {
  return { modelDir, device: 'fake', maxBatch: 4, ...changes };
}

function inputsOf(count: number): ModelInput[] {
  const letterbox = letterboxOf(1280, 720, SIDE, SIDE);
  return Array.from({ length: count }, (_, i) => ({
    letterbox,
    pixels: new Uint8Array(SIDE * SIDE * 3).fill(i + 1),
  }));
}

/** Stops the child first, so that the request cannot be answered before the child is killed. */
async function killUnderRequest(
  hosted: HostedDetector,
  code: ErrorCode = 'ERR_INFERENCE_LOST',
): Promise<void> {
  const [pid] = hostsOf(process.pid);
  process.kill(pid!, 'SIGSTOP');
  const refused = expect(hosted.detect(inputsOf(4))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/was killed by SIGKILL/) as string,
  });
  process.kill(pid!, 'SIGKILL');
  await refused;
  expect(isThere(pid!)).toBe(false);
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function distFile(path: string): string {
  return fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));
}
