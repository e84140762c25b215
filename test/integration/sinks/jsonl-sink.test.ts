import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOfRun } from '../../../src/cli/exit-codes.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import { assemblePipeline } from '../../../src/pipeline/pipeline.js';
import { parseRecord } from '../../../src/record/read.js';
import { createJsonlSink } from '../../../src/sinks/jsonl/jsonl-sink.js';
import {
  countingSource,
  echoTracker,
  listeningLogger,
  scriptedDetector,
} from '../../support/pipeline-parts.js';
import { detectorInfo, frameResult, runSummary, sourceInfo, sourceSummary } from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const writerProgram = fileURLToPath(new URL('../../support/write-records.mjs', import.meta.url));
const root = process.getuid?.() === 0;

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  expect(text === '' || text.endsWith('\n'), 'the last line is whole').toBe(true);
  return text.split('\n').slice(0, -1);
}

describe('JSONL sink on files', () => {
  it('writes source, frames and end of two sources, each line whole', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    const sink = createJsonlSink({ path });
    await sink.prepare?.();
    const [a, b] = await Promise.all(['a', 'b'].map((id) => sink.open(sourceInfo({ id }), detectorInfo())));
    const write = async (stream: typeof a, sourceId: string): Promise<void> => {
      for (let index = 0; index < 400; index++) await stream!.write(frameResult(index, { sourceId }));
      await stream!.end('completed');
    };
    await Promise.all([write(a, 'a'), write(b, 'b')]);
    await sink.close(runSummary(sourceSummary({ id: 'a' }), sourceSummary({ id: 'b' })));
    const records = (await linesOf(path)).map((line) => parseRecord(line)!);
    for (const id of ['a', 'b']) {
      const own = records.filter(({ source }) => source === id);
      expect(own.map(({ type }) => type)).toEqual(['source', ...Array<string>(400).fill('frame'), 'end']);
      expect(own.flatMap((record) => (record.type === 'frame' ? [record.frame] : []))).toEqual([
        ...Array(400).keys(),
      ]);
    }
  });

  it('writes the events of a frame after it, and those of the end before the end; no line comes between', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    const sink = createJsonlSink({ path });
    const streams = await Promise.all(['a', 'b'].map((id) => sink.open(sourceInfo({ id }), detectorInfo())));
    const event = (sourceId: string, number: number): AnalyticsEvent => ({
      type: 'loitering',
      id: `${sourceId}/0/loitering/yard/7/${number}`,
      sourceId,
      epoch: 0,
      ptsUs: number,
      trackId: 7,
      classId: 2,
      label: 'car',
      name: 'yard',
      sinceUs: 0,
    });
    await Promise.all(
      streams.map(async (stream, at) => {
        const sourceId = 'ab'[at]!;
        for (let index = 0; index < 50; index++) {
          const events = [event(sourceId, 2 * index), event(sourceId, 2 * index + 1)];
          await stream.write(frameResult(index, { sourceId, ...(index % 2 === 1 && { events }) }));
        }
        await stream.end('completed', [event(sourceId, 100)]);
      }),
    );
    await sink.close(runSummary(sourceSummary({ id: 'a' }), sourceSummary({ id: 'b' })));
    const records = (await linesOf(path)).map((line) => parseRecord(line)!);
    for (const id of ['a', 'b']) {
      const types = records.filter(({ source }) => source === id).map(({ type }) => type);
      const frames = Array<string[]>(25).fill(['frame', 'frame', 'event', 'event']).flat();
      expect(types).toEqual(['source', ...frames, 'event', 'end']);
    }
    for (const [at, record] of records.entries())
      if (record.type === 'frame' && record.frame % 2 === 1)
        expect(records.slice(at + 1, at + 3)).toMatchObject([
          { source: record.source, event: 'loitering', track: 7, class: 'car', ptsUs: 2 * record.frame },
          { source: record.source, ptsUs: 2 * record.frame + 1 },
        ]);
  });

  it('closes the books only of sources that it was given', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    const sink = createJsonlSink({ path });
    const stream = await sink.open(sourceInfo(), detectorInfo());
    await stream.end('completed');
    await sink.close(runSummary(sourceSummary(), sourceSummary({ id: 'other' })));
    expect((await linesOf(path)).map((line) => parseRecord(line)?.type)).toEqual(['source', 'end']);
  });

  it('can be followed: lines are in the file once a source has ended, before the run is over', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    const sink = createJsonlSink({ path });
    const stream = await sink.open(sourceInfo(), detectorInfo());
    await stream.write(frameResult(0));
    await stream.end('stopped');
    expect((await linesOf(path)).length).toBe(2);
    await sink.close(runSummary(sourceSummary({ outcome: 'stopped' })));
  });

  it('leaves an existing file alone without leave to overwrite, and says what to do', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    await writeFile(path, 'precious');
    await expect(createJsonlSink({ path }).prepare?.()).rejects.toMatchObject({
      code: 'ERR_SINK_EXISTS',
      message: `"${path}" exists; choose another name or pass --overwrite to replace it`,
    });
    expect(await readFile(path, 'utf8')).toBe('precious');
  });

  it('replaces an existing file when allowed, but only once there is something to write', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    await writeFile(path, 'precious'.repeat(1000));
    const vain = createJsonlSink({ path, overwrite: true });
    await vain.prepare?.();
    await vain.close(runSummary());
    expect(await readFile(path, 'utf8')).toBe('precious'.repeat(1000));
    const sink = createJsonlSink({ path, overwrite: true });
    const stream = await sink.open(sourceInfo(), detectorInfo());
    await stream.end('completed');
    await sink.close(runSummary(sourceSummary()));
    expect((await linesOf(path)).length).toBe(2);
  });

  it('takes a file away that it made in vain', async () => {
    const folder = await temporaryFolder();
    const sink = createJsonlSink({ path: join(folder, 'out.jsonl') });
    await sink.prepare?.();
    expect(await readdir(folder)).toEqual(['out.jsonl']);
    await sink.close(runSummary());
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a directory', 'folder', 'it is a directory; name a file in it'],
    ['a folder that is not there', 'nowhere/out.jsonl', 'its folder does not exist'],
    ['a file as a folder', 'file/out.jsonl', 'a part of its path is not a folder'],
    ['a link to nowhere', 'link', 'its folder does not exist'],
  ])('refuses %s', async (_, name, reason) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'file'), '');
    await symlink(join(folder, 'nowhere', 'file'), join(folder, 'link'));
    const path = join(folder, name);
    await expect(createJsonlSink({ path, overwrite: true }).prepare?.()).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
      message: `"${path}" cannot be written: ${reason}`,
    });
  });

  it.skipIf(root)('refuses a folder without write permission', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    await expect(createJsonlSink({ path: join(folder, 'x') }).prepare?.()).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
    });
  });

  it('keeps the message in one line whatever the path holds', async () => {
    const path = join(await temporaryFolder(), 'no\nsuch', 'file');
    const error = (await createJsonlSink({ path })
      .prepare?.()
      .catch((cause: unknown) => cause)) as Error;
    expect(error.message).not.toContain('\n');
  });

  it('says so when the disk is full', async () => {
    const sink = createJsonlSink({ path: '/dev/full' });
    const stream = await sink.open(sourceInfo(), detectorInfo());
    await expect(stream.end('completed')).rejects.toMatchObject({
      code: 'ERR_SINK_FAILED',
      message: 'writing "/dev/full" failed: the disk is full; it holds 0 whole lines',
    });
    await sink.close(runSummary(sourceSummary()));
  });

  it('says so when the disk is full only at the end', async () => {
    const sink = createJsonlSink({ path: '/dev/full' });
    await sink.open(sourceInfo(), detectorInfo());
    await expect(sink.close(runSummary(sourceSummary()))).rejects.toMatchObject({
      code: 'ERR_SINK_FAILED',
      message: 'writing "/dev/full" failed: the disk is full; it holds 0 whole lines',
    });
  });

  it.each(['path', 'standard output'])(
    'leaves whole lines only when a file stops growing: %s',
    async (way) => {
      const path = join(await temporaryFolder(), 'out.jsonl');
      const target = way === 'path' ? path : '-';
      const redirect = way === 'path' ? '' : ` > '${path}'`;
      // 90 KiB: in the middle of the second write of the sink's buffer.
      const child = spawn('bash', [
        '-c',
        `ulimit -f 90; exec '${process.execPath}' '${writerProgram}' '${target}'${redirect}`,
      ]);
      const report = await output(child);
      const lines = await linesOf(path);
      expect(lines.length).toBeGreaterThan(100);
      for (const line of lines) expect(parseRecord(line)?.source).toBe('cars');
      expect(report).toContain('ERR_SINK_FAILED');
      expect(report).toContain(`the file may not grow any larger; it holds ${lines.length} whole lines\n`);
    },
  );
});

describe('JSONL sink on streams', () => {
  it('throws ERR_SINK_CLOSED when the reader of the standard output has gone', async () => {
    const child = spawn(process.execPath, [writerProgram, '-'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.stdout.destroy());
    const report = await output(child);
    expect(report).toBe('ERR_SINK_CLOSED: the reader of the standard output has gone\n');
    expect(child.exitCode).toBe(0);
  });

  it('throws ERR_SINK_CLOSED when the reader of a named pipe has gone', async () => {
    const path = join(await temporaryFolder(), 'pipe');
    await once(spawn('mkfifo', [path]), 'close');
    const child = spawn(process.execPath, [writerProgram, path]);
    const reader = await open(path, 'r');
    await reader.read(Buffer.alloc(10));
    await reader.close();
    expect(await output(child)).toBe(`ERR_SINK_CLOSED: the reader of "${path}" has gone\n`);
  });

  it('waits for a slow reader instead of buffering, and does not end the stream', async () => {
    const stream = new PassThrough({ highWaterMark: 1024 });
    const sink = createJsonlSink({ stream });
    const source = await sink.open(sourceInfo(), detectorInfo());
    let written = 0;
    const writing = (async () => {
      for (; written < 1000; written++) await source.write(frameResult(written));
    })();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const before = written;
    expect(before).toBeLessThan(600);
    expect(stream.writableLength).toBeLessThan(70_000);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await writing;
    await source.end('completed');
    await sink.close(runSummary(sourceSummary()));
    expect(text.split('\n').length).toBe(1 + 1000 + 1 + 1);
    expect(stream.writableEnded).toBe(false);
    expect(stream.listenerCount('error')).toBe(0);
    expect(stream.listenerCount('close')).toBe(0);
  });

  it.each([
    ['EPIPE', 'ERR_SINK_CLOSED'],
    ['EIO', 'ERR_SINK_FAILED'],
  ])('turns %s of a stream into %s', async (code, expected) => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error(code), { code }));
      },
    });
    const sink = createJsonlSink({ stream });
    const source = await sink.open(sourceInfo(), detectorInfo());
    await expect(source.end('completed')).rejects.toMatchObject({ code: expected });
    await expect(source.write(frameResult(0))).rejects.toMatchObject({ code: expected });
    await sink.close(runSummary(sourceSummary()));
  });
});

describe('JSONL sink of a run whose last records cannot be written', () => {
  it.each([
    ['ENOSPC', 'ERR_SINK_FAILED', EXIT.runtime],
    ['EPIPE', undefined, EXIT.done],
  ])('on %s: the summary tells %s and the exit code is %i', async (code, told, exit) => {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        done(chunk.includes('"type":"end"') ? Object.assign(new Error(code), { code }) : null);
      },
    });
    const pipeline = assemblePipeline({
      detector: scriptedDetector(2),
      sources: [countingSource('a', 3)],
      sinks: [createJsonlSink({ stream })],
      ownSinks: new Map(),
      createTracker: echoTracker,
      framesInFlight: 4,
      concurrency: 1,
      logger: listeningLogger(),
    });
    const summary = await pipeline.run();
    expect(summary.closing).toMatchObject(
      told === undefined ? [] : [{ name: 'jsonl', error: { code: told } }],
    );
    expect(exitCodeOfRun(summary, false)).toBe(exit);
  });
});

async function output(child: ChildProcess): Promise<string> {
  let report = '';
  child.stderr?.on('data', (chunk: Buffer) => (report += chunk.toString()));
  await once(child, 'close');
  return report;
}
