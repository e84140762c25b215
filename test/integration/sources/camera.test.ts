/** A camera of GStreamer that behaves badly on command, in a run with the real source and the real ffmpeg. */
import { existsSync, readFileSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../src/contract/run.js';
import type { SourceStatus } from '../../../src/contract/source.js';
import { findFfmpeg } from '../../../src/ffmpeg/find-ffmpeg.js';
import { createCameraSource } from '../../../src/sources/camera/camera-source.js';
import { cameraOptions, type CameraOptionsInput } from '../../../src/sources/camera/options.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { countingSource } from '../../support/pipeline-parts.js';
import { type CameraSettings, hasCamera, RtspCamera } from '../../support/rtsp-camera.js';
import { hostsOf } from '../host/processes.js';
import { assemble, expectBalanced } from '../../support/runs.js';

const cameras: RtspCamera[] = [];
const pipelines: Pipeline[] = [];
afterEach(async () => {
  await Promise.all(pipelines.splice(0).map((pipeline) => pipeline.close()));
  await Promise.all(cameras.splice(0).map((camera) => camera.stop()));
});

async function camera(settings?: CameraSettings): Promise<RtspCamera> {
  const started = await RtspCamera.start(settings);
  cameras.push(started);
  return started;
}

/** Room for the time that a frame carries. */
const GEOMETRY = { width: 32, height: 32, pad: 128, kernel: 'area' } as const;

/** What a test looks at while a run goes on. */
interface Watched {
  readonly frames: {
    readonly epoch: number;
    readonly ptsUs: number;
    readonly index: number;
    readonly width: number;
    readonly capturedAt: number;
  }[];
  readonly statuses: SourceStatus[];
  /** Settles when `count` more frames have come. */
  more(count: number): Promise<void>;
  /** Settles with the next status of this state, or the last one if it is there already. */
  state(state: SourceStatus['state'], after?: number): Promise<SourceStatus>;
  /** Ends the run. */
  stop(): Promise<RunSummary>;
  readonly summary: Promise<RunSummary>;
}

async function watch(options: CameraOptionsInput): Promise<Watched> {
  const ffmpeg = await findFfmpeg();
  const source = createCameraSource({ id: 'cam', options: cameraOptions.parse(options), ffmpeg });
  const pipeline = assemble({ sources: [source, countingSource('other', 5)], geometry: GEOMETRY });
  pipelines.push(pipeline);
  const frames: Watched['frames'] = [];
  const statuses: SourceStatus[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of waiting) each();
  };
  const until = async <T>(found: () => T | undefined): Promise<T> => {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  pipeline.results.subscribe(({ frame }) => {
    const { sourceId, epoch, ptsUs, index, width, capturedAt } = frame;
    if (sourceId === 'cam') frames.push({ epoch, ptsUs, index, width, capturedAt });
    look();
  });
  pipeline.statuses.subscribe((status) => {
    if (status.sourceId === 'cam') statuses.push(status);
    look();
  });
  const summary = pipeline.run();
  return {
    frames,
    statuses,
    summary,
    async more(count) {
      const before = frames.length;
      await until(() => (frames.length >= before + count ? true : undefined));
    },
    state: (state, after = 0) => until(() => statuses.slice(after).find((each) => each.state === state)),
    stop() {
      pipeline.stop();
      return summary;
    },
  };
}

/** What `ps` shows of the children of this process. */
function childCommandLines(): string[] {
  return hostsOf(process.pid).flatMap((pid) => {
    const file = `/proc/${pid}/cmdline`;
    return existsSync(file) ? [readFileSync(file, 'utf8').replaceAll('\0', ' ')] : [];
  });
}

/** Fails unless times rise and numbers count, whatever happened. */
function expectInOrder({ frames }: Watched): void {
  for (const [at, frame] of frames.entries()) {
    if (at > 0) expect(frame.ptsUs).toBeGreaterThan(frames[at - 1]!.ptsUs);
  }
}

describe.skipIf(!hasCamera())('a camera', () => {
  it('delivers frames, is connected to again after it hung up, and its time goes on', async () => {
    const cam = await camera();
    const watched = await watch({ url: cam.url() });
    await watched.more(10);
    await cam.tell('drop');
    const lost = await watched.state('reconnecting');
    expect(lost.code).toMatch(/ERR_SOURCE_(DISCONNECTED|DECODE)/);
    const back = await watched.state('running', watched.statuses.indexOf(lost));
    expect(back.reason).toMatch(/frames come again after \d+\.\d s/);
    await watched.more(10);
    const { sources } = await watched.stop();
    expectInOrder(watched);
    expect(watched.frames[0]!.ptsUs).toBe(0);
    expect(new Set(watched.frames.map(({ epoch }) => epoch))).toEqual(new Set([0]));
    const summary = sources.find(({ id }) => id === 'cam')!;
    expect(summary).toMatchObject({ outcome: 'stopped', reconnects: 1 });
    expectBalanced(summary.frames);
    // The gap was as long for the camera's frames as it was for us.
    const gaps = watched.frames.slice(1).map(({ ptsUs }, at) => ptsUs - watched.frames[at]!.ptsUs);
    const seconds = Number(/after (\d+\.\d) s/.exec(back.reason!)![1]);
    expect(Math.abs(Math.max(...gaps) / 1e6 - seconds)).toBeLessThan(0.5);
  });

  it('may be absent at the start; other sources run meanwhile', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    holder.close();
    await once(holder, 'close');
    const watched = await watch({ url: `rtsp://127.0.0.1:${port}/live`, longestWait: 0.5 });
    const status = await watched.state('reconnecting');
    expect(status.code).toBe('ERR_SOURCE_UNREACHABLE');
    expect(status.reason).toContain('refused');
    await camera({ port });
    await watched.more(3);
    expect(watched.statuses.map(({ state }) => state).slice(0, 3)).toEqual([
      'connecting',
      'reconnecting',
      'running',
    ]);
    const { sources } = await watched.stop();
    expect(sources.find(({ id }) => id === 'other')).toMatchObject({
      outcome: 'completed',
      frames: { emitted: 5 },
    });
  });

  it.each([
    ['a wrong password', 'user:wrong@', 'live', 'ERR_SOURCE_UNAUTHORIZED'],
    ['no password', '', 'live', 'ERR_SOURCE_UNAUTHORIZED'],
    ['a path that it does not have', 'user:s3cret@', 'elsewhere', 'ERR_SOURCE_NOT_FOUND'],
  ])('tells %s from trouble of the network, and gives up where it is to', async (_what, who, path, code) => {
    const cam = await camera({ user: 'user', password: 's3cret' });
    const watched = await watch({ url: cam.url(who, path), giveUpAfter: 0 });
    const { sources } = await watched.summary;
    const summary = sources.find(({ id }) => id === 'cam')!;
    expect(summary).toMatchObject({ outcome: 'failed', error: { code } });
    expect(summary.error!.message).not.toMatch(/s3cret|wrong/);
    expect(summary.error!.message).toContain('given up');
  });

  it('begins an epoch where the size of its picture changes, and says the new size', async () => {
    const cam = await camera({ user: 'user', password: 'p@ss w%rd' });
    const watched = await watch({ url: cam.url('user:p%40ss%20w%25rd@') });
    await watched.more(5);
    const shown = childCommandLines();
    expect(shown.some((line) => line.includes('ffmpeg'))).toBe(true);
    // The camera itself was started by the test, with its password.
    expect(shown.filter((line) => /p(?:@|%40)ss/.test(line) && !line.includes('rtsp-camera.py'))).toEqual([]);
    await cam.tell('size 480x360');
    const changed = await watched.state('reconnecting');
    expect(changed.code).toBe('ERR_SOURCE_CHANGED');
    expect(changed.reason).toContain('320x240 to 480x360');
    await watched.state('running', watched.statuses.indexOf(changed));
    await watched.more(5);
    await watched.stop();
    expectInOrder(watched);
    const last = watched.frames.at(-1)!;
    expect([last.epoch, last.width]).toEqual([1, 480]);
    for (const { epoch, width } of watched.frames) expect(width).toBe(epoch === 0 ? 320 : 480);
  });

  it('is thinned by its own time where fewer frames a second are wanted', async () => {
    const cam = await camera({ rate: 25 });
    const watched = await watch({ url: cam.url(), fps: 10 });
    await watched.more(12);
    await watched.stop();
    const times = watched.frames.slice(1, 12).map(({ ptsUs }) => ptsUs);
    const gaps = times.slice(1).map((us, at) => us - times[at]!);
    // Of 25 frames a second every second or third one; a camera that has no time to spare leaves some out itself.
    for (const gap of gaps) expect(Math.round(gap / 1000)).toBeGreaterThanOrEqual(80);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(900_000);
  });

  it('is stalled while nothing comes, and runs again when frames do', async () => {
    const cam = await camera();
    const watched = await watch({ url: cam.url(), stallTimeout: 0.5 });
    await watched.more(5);
    await cam.tell('pause');
    const stalled = await watched.state('stalled');
    expect(stalled.code).toBe('ERR_SOURCE_STALLED');
    await cam.tell('play');
    await watched.state('running', watched.statuses.indexOf(stalled));
    await watched.more(5);
    await watched.stop();
    expectInOrder(watched);
  });
});

describe('a camera that sends MJPEG over http', () => {
  it('has frames that lie as far apart as they came', async () => {
    const ffmpeg = await findFfmpeg();
    const picture = ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=30'];
    const senders: ChildProcess[] = [];
    const server = createHttpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace;boundary=ffmpeg' });
      const sender = spawn(ffmpeg.ffmpegPath, [...picture, '-f', 'mpjpeg', 'pipe:1'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      senders.push(sender);
      sender.stdout.pipe(response);
      response.on('close', () => sender.kill());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const watched = await watch({ url: `http://user:s3cret@127.0.0.1:${port}/video` });
    await watched.more(30);
    await watched.stop();
    server.close();
    for (const sender of senders)
      if (sender.exitCode === null && sender.signalCode === null) await once(sender, 'exit');
    expectInOrder(watched);
    const [first, last] = [watched.frames[0]!, watched.frames.at(-1)!];
    // ffmpeg would say 25 frames a second, whatever comes.
    const wallMs = last.capturedAt - first.capturedAt;
    expect(Math.abs(last.ptsUs / 1000 - wallMs)).toBeLessThan(100);
  });
});
