import { expect, test } from 'vitest';
import { DecodeLog } from '../../../src/sources/decode/decode-log.js';
import { warningsTo } from '../../support/recording-logger.js';

const url = 'http://me:hunter2@host/v.ts';

function logOf(lines: readonly string[]): { log: DecodeLog; warnings: string[] } {
  const warnings: string[] = [];
  const log = new DecodeLog({
    sourceId: 'clip',
    url,
    name: 'http://***@host/v.ts',
    logger: warningsTo(warnings),
    onLife: () => warnings.push('alive'),
  });
  for (const line of lines) log.line(line);
  return { log, warnings };
}

test.each([
  ['[error] Error while decoding stream #0:0: Invalid data found when processing input', 1, 0],
  ['[vist#0:0/h264 @ 0x1] [error] Error submitting packet to decoder: Invalid data found', 1, 0],
  ['[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Decoding error: Invalid data found', 1, 0],
  ['[warning] clip.mp4: corrupt decoded frame in stream 0', 0, 1],
  ['[h264 @ 0x1] [error] error while decoding MB 1 2, bytestream -5', 0, 0],
  ['[mpegts @ 0x1] [warning] Packet corrupt (stream = 0, dts = 207000).', 0, 0],
])('%s', (line, lost, concealed) => {
  const { log } = logOf([line]);
  expect([log.lost, log.concealed]).toEqual([lost, concealed]);
});

test('the reason of a failure is the last error that says something, without secrets', () => {
  const { log } = logOf([
    `[http @ 0x1] [error] ${url}: connection reset, see http://x:y@z/`,
    '[warning] something else',
    '[error] Conversion failed!',
    '[error] av_interleaved_write_frame(): Broken pipe',
  ]);
  expect(log.lastError).toBe('http://***@host/v.ts: connection reset, see http://***@z/');
});

test('a new size of the picture is told once', () => {
  const size = (width: number, height: number): string => `[warning] ${width * 65536 + height}.000000`;
  const { warnings } = logOf([size(64, 48), size(64, 48), size(96, 48), size(96, 48)]);
  expect(warnings).toEqual([
    'the picture of "http://***@host/v.ts" changes from 64x48 to 96x48; it is scaled to its first size',
  ]);
});

test('a printed zero is a sign of life', () => {
  const { warnings } = logOf(['[warning] 0.000000', '[warning] 10.5', '[error] 0.000000']);
  expect(warnings).toEqual(['alive']);
});

const CLOSED = '[http @ 0x1] [error] Stream ends prematurely at 100, should be ';
const UNREAD = `[error] ${url}: Input/output error`;

test.each<[string, readonly string[], string | undefined]>([
  [
    'a connection that was closed',
    [`${CLOSED}200`, UNREAD],
    'the connection was closed after 100 of 200 bytes',
  ],
  ['a connection that never had an end', [`${CLOSED}18446744073709551615`, UNREAD], undefined],
  [
    'a server that sends nothing',
    [`[error] ${url}: Connection timed out`],
    'reading failed: Connection timed out',
  ],
  [
    'a newer ffmpeg',
    ['[in#0/mpegts @ 0x1] [error] Error during demuxing: Connection reset by peer'],
    'reading failed: Connection reset by peer',
  ],
  [
    'a segment',
    ['[hls @ 0x1] [warning] Failed to open segment 7 of playlist 0'],
    'segment 7 of its playlist could not be read',
  ],
  [
    'mp4',
    ['[mov @ 0x1] [error] stream 0, offset 0x16d9b: partial file'],
    'it is cut short; copy or download it again',
  ],
  ['mkv', ['[matroska @ 0x1] [error] File ended prematurely'], 'it is cut short; copy or download it again'],
  [
    'mp4 over a connection',
    ['[mov @ 0x1] [error] stream 0, offset 0x1: partial file', `[error] ${url}: Connection reset by peer`],
    'reading failed: Connection reset by peer',
  ],
  ['damage', [`[error] ${url}: Invalid data found when processing input`], undefined],
  ['another file', ['[error] pipe:1: Input/output error'], undefined],
])('why reading ended before the end: %s', (_what, lines, reason) => {
  expect(logOf(lines).log.brokeOff).toBe(reason);
});
