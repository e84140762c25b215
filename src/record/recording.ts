/** A JSONL file of records, read as what it is: a recording of what a detector saw. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { isSightlineError, messageOf, SightlineError } from '../errors.js';
import { parseRecord } from './read.js';
import type { FrameRecord, SightlineRecord, SourceRecord } from './schema.js';

/** One source of a recording. */
export interface RecordedSource {
  readonly head: SourceRecord;
  /** Records of frames that follow. */
  readonly frames: number;
  /** Time of the first of them; that of the source's start if there is none. */
  readonly firstUs: number;
}

/** A file of records that was read once and found to be whole. */
export interface Recording {
  readonly path: string;
  readonly sources: readonly RecordedSource[];
  /** Where a last line begins that is not whole and was left out, such as `out.jsonl:12`. */
  readonly cutAt: string | undefined;
  /** Reads the frames of one source again, in order; holds one record at a time. */
  frames(sourceId: string, signal: AbortSignal): AsyncIterable<FrameRecord>;
}

/**
 * Reads a recording through, so that what is wrong with it is known before anything is made of it.
 * @throws SightlineError ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE, ERR_SOURCE_INVALID, ERR_RECORD_INVALID
 */
export async function openRecording(path: string): Promise<Recording> {
  await mustBeFile(path);
  const sources = new Map<string, { head: SourceRecord; frames: number; firstUs: number }>();
  /** Sources whose name stands in the line of each of their frames as JSON usually writes it. */
  const plain = new Map<string, boolean>();
  const newest = new Map<string, FrameRecord>();
  let cutAt: string | undefined;
  const onCut = (where: string): void => {
    cutAt = where;
  };
  for await (const { record, where, line } of recordsOf(path, onCut)) {
    if (record.type === 'source') {
      if (sources.has(record.source))
        throw invalid(`${where}: a second source "${record.source}"; a recording holds one run`);
      mustBeName(record.source, where);
      sources.set(record.source, { head: record, frames: 0, firstUs: record.startUs });
      plain.set(record.source, true);
    } else if (record.type === 'frame') {
      const source = sources.get(record.source);
      if (source === undefined)
        throw invalid(`${where}: a frame of "${record.source}", which no source record names before it`);
      mustFollow(record, newest.get(record.source), where);
      newest.set(record.source, record);
      if (!line.includes(JSON.stringify(record.source))) plain.set(record.source, false);
      if (source.frames++ === 0) source.firstUs = record.ptsUs;
    }
  }
  if (sources.size === 0) {
    throw new SightlineError(
      'ERR_SOURCE_INVALID',
      `"${path}" holds no source record: is it what --jsonl wrote?`,
    );
  }
  return {
    path,
    sources: [...sources.values()],
    cutAt,
    async *frames(sourceId, signal) {
      // A line without the source's name is not its own, and need not be parsed.
      const needed = plain.get(sourceId) === true ? JSON.stringify(sourceId) : '';
      for await (const { record } of recordsOf(path, () => undefined, needed)) {
        if (signal.aborted) return;
        if (record.type === 'frame' && record.source === sourceId) yield record;
      }
    },
  };
}

async function mustBeFile(path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) return;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new SightlineError('ERR_SOURCE_NOT_FOUND', `"${path}" does not exist`, { cause })
      : new SightlineError('ERR_SOURCE_UNREADABLE', `"${path}" cannot be read: ${messageOf(cause)}`, {
          cause,
        });
  }
  throw new SightlineError(
    'ERR_SOURCE_UNREADABLE',
    `"${path}" is not a file; a recording is read twice, so it cannot come from a pipe`,
  );
}

/** Names of sources become parts of the names of files; none may lead out of the folder that an output names. */
function mustBeName(source: string, where: string): void {
  if (source !== '' && !/[/\\\0]/.test(source)) return;
  throw invalid(
    `${where}: a source is called ${JSON.stringify(source)}; a name cannot be empty or hold a slash`,
  );
}

/** Trackers count on it: time within an epoch goes forward, and epochs are counted up. */
function mustFollow(record: FrameRecord, before: FrameRecord | undefined, where: string): void {
  if (before === undefined || record.epoch > before.epoch) return;
  if (record.epoch < before.epoch || record.ptsUs < before.ptsUs)
    throw invalid(`${where}: frame ${record.frame} of "${record.source}" is older than the one before it`);
}

/**
 * @param onCut told where a last line begins that is not whole: what a killed run leaves. It is left out.
 * @param needed lines without this are passed over.
 */
async function* recordsOf(
  path: string,
  onCut: (where: string) => void,
  needed = '',
): AsyncIterable<{ record: SightlineRecord; where: string; line: string }> {
  const ended = await endsWithLineFeed(path);
  const input = createReadStream(path);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  let before: SightlineError | undefined;
  try {
    for await (const line of lines) {
      // Not the last line, so it was not cut but wrong.
      if (before !== undefined) throw before;
      number++;
      if (line.trim() === '' || !line.includes(needed)) continue;
      const where = `${path}:${number}`;
      try {
        const record = parseRecord(line, where);
        if (record !== undefined) yield { record, where, line };
      } catch (error) {
        if (ended || !isSightlineError(error, 'ERR_RECORD_INVALID')) throw error;
        before = error;
      }
    }
    if (before !== undefined) onCut(`${path}:${number}`);
  } finally {
    lines.close();
    input.destroy();
  }
}

async function endsWithLineFeed(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return buffer[0] === 0x0a;
  } finally {
    await file.close();
  }
}

function invalid(message: string): SightlineError {
  return new SightlineError('ERR_RECORD_INVALID', message);
}
