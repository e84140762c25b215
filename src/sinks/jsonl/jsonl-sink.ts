import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isSightlineError } from '../../errors.js';
import type { AnalyticsEvent } from '../../contract/events.js';
import {
  formatRecord,
  toEndRecord,
  toEventRecord,
  toFrameRecord,
  toSourceRecord,
} from '../../record/write.js';
import type { Logger } from '../../contract/logger.js';
import type { Sink } from '../../contract/sink.js';
import { VERSION } from '../../version.js';
import { FileTarget } from '../files/file-target.js';
import { LineWriter } from '../files/line-writer.js';
import { StreamTarget } from '../files/stream-target.js';

/** Where records go: a path, `-` for the standard output, or a stream of the caller's, which is not ended. */
export type JsonlSinkOptions = ({ readonly path: string } | { readonly stream: Writable }) & {
  /** Whether an existing file may be replaced. */
  readonly overwrite?: boolean;
  readonly logger?: Logger;
};

/** Behind a pipe may be a person who looks at a page of it for a while. */
const PATIENT = { writeMs: 600_000 };

/**
 * Writes one record a line (docs/records.md): `source` when a source opens, `frame` for each result, and `end` for each
 * source once the run is over. Lines of several sources interleave, each whole. The file is written in place, so it can
 * be followed while it grows, and a full disk leaves whole lines only.
 *
 * Streams throw ERR_SINK_FAILED when writing fails and ERR_SINK_CLOSED when the reader of a pipe has gone; `prepare`
 * and `open` throw ERR_SINK_EXISTS and ERR_SINK_UNWRITABLE, `close` ERR_SINK_FAILED for records that are first written then.
 */
export function createJsonlSink(options: JsonlSinkOptions): Sink {
  const writer = new LineWriter(targetOf(options));
  const opened = new Set<string>();
  return {
    name: 'jsonl',
    policy: 'wait',
    pixels: false,
    ...(('stream' in options || options.path === '-') && { deadlines: PATIENT }),
    prepare: () => writer.open(),
    async open(source, detector, tracking) {
      await writer.open();
      opened.add(source.id);
      await writer.append(formatRecord(toSourceRecord(source, detector, tracking, VERSION)));
      return {
        async write(result) {
          const { events = [] } = result;
          const frame = formatRecord(toFrameRecord(result, source.live));
          await writer.append([frame, ...events.map(toLine)].join('\n'));
        },
        async end(_outcome, events = []) {
          if (events.length > 0) await writer.append(events.map(toLine).join('\n'));
          await writer.flush();
        },
      };
    },
    async close(summary) {
      try {
        for (const source of summary.sources)
          if (opened.has(source.id) && !writer.failed) await writer.append(formatRecord(toEndRecord(source)));
        await writer.close(opened.size > 0);
      } catch (error) {
        // Whoever went away before the last records does not miss them.
        if (!isSightlineError(error, 'ERR_SINK_CLOSED')) throw error;
      }
    },
  };
}

function toLine(event: AnalyticsEvent): string {
  return formatRecord(toEventRecord(event));
}

const STDOUT_FD = 1;

function targetOf(options: JsonlSinkOptions): FileTarget | StreamTarget {
  if ('stream' in options) return new StreamTarget(options.stream, 'the stream');
  // Node writes to a redirected standard output with synchronous calls that ignore how much was written.
  if (options.path === '-')
    return isFile(STDOUT_FD)
      ? new FileTarget(STDOUT_FD, true)
      : new StreamTarget(process.stdout, 'the standard output');
  return new FileTarget(options.path, options.overwrite ?? false, options.logger);
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}
