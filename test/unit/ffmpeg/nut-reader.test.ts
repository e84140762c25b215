import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSightlineError } from '../../../src/errors.js';
import {
  NUT_FILE_ID,
  NUT_START,
  nutChecksum,
  toUnsigned,
  varintLength,
  writeVarint,
} from '../../../src/ffmpeg/nut-format.js';
import type { NutVideoStream } from '../../../src/ffmpeg/nut-headers.js';
import { NutReader } from '../../../src/ffmpeg/nut-reader.js';

// Written by ffmpeg 5.1: five frames of rgb24 10×6 (r = 10n + x, g = y, b = n + 1) and of yuv420p 6×4 (y = 10n + x,
// u = 100 + y, v = 50 + n), time base 1/90000, pts 2^33 + 1234·n·(n + 1).
const written = readFileSync(new URL('two-streams.nut', import.meta.url));

const firstFrame = written.indexOf('NK');

interface Read {
  streams: readonly NutVideoStream[];
  frames: { stream: number; pts: number; bytes: string }[];
  complete: boolean;
}

/** Feeds `bytes` in pieces; every `blockEvery`th request for memory is refused the first time. */
function read(bytes: Uint8Array, pieces: readonly number[] = [], blockEvery = 0): Read {
  const result: Read = { streams: [], frames: [], complete: false };
  const memory = new Uint8Array(1024);
  let asked = 0;
  let begun: { stream: number; pts: number; size: number } | undefined;
  const reader = new NutReader({
    onStreams: (streams) => (result.streams = streams),
    onFrame: (stream, pts, size) => {
      if (blockEvery > 0 && ++asked % blockEvery === 0) return undefined;
      // As a source does: a size that was not agreed on is refused, whatever it is.
      if (size > memory.length) throw new RangeError('too large');
      begun = { stream, pts, size };
      memory.fill(0xee);
      return memory;
    },
    onFrameEnd: () => {
      const { stream, pts, size } = begun!;
      result.frames.push({ stream, pts, bytes: Buffer.from(memory.subarray(0, size)).toString('hex') });
    },
  });
  let piece = 0;
  for (let at = 0; at < bytes.length;) {
    const room = reader.room();
    expect(room.length).toBeGreaterThan(0);
    const wanted = pieces.length === 0 ? room.length : pieces[piece++ % pieces.length]!;
    const count = Math.min(wanted, room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    at += count;
    let more = reader.filled(count);
    while (!more) more = reader.resume();
  }
  result.complete = reader.complete;
  return result;
}

function planes(width: number, height: number, value: (x: number, y: number) => number): number[] {
  return Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width)));
}

describe('a file of ffmpeg', () => {
  const whole = read(written);

  test('has the streams that were asked for', () => {
    expect(whole.complete).toBe(true);
    expect(whole.streams).toMatchObject([
      { id: 0, fourcc: 'RGB\x18', width: 10, height: 6, timeBase: { num: 1, den: 90000 } },
      { id: 1, fourcc: 'I420', width: 6, height: 4, timeBase: { num: 1, den: 90000 } },
    ]);
  });

  test('gives every byte and timestamp', () => {
    const expected = Array.from({ length: 5 }, (_, n) => {
      const pts = 2 ** 33 + 1234 * n * (n + 1);
      const rgb = planes(10, 6, (x) => x).flatMap((x, at) => [10 * n + x, Math.floor(at / 10), n + 1]);
      const yuv = [
        ...planes(6, 4, (x) => 10 * n + x),
        ...planes(3, 2, (_x, y) => 100 + y),
        ...planes(3, 2, () => 50 + n),
      ];
      return [
        { stream: 0, pts, bytes: Buffer.from(rgb).toString('hex') },
        { stream: 1, pts, bytes: Buffer.from(yuv).toString('hex') },
      ];
    }).flat();
    expect(whole.frames).toEqual(expected);
  });

  test('reads the same in any pieces, and when memory has to be waited for', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 2, max: 5 }), (sizes, blockEvery) => {
        expect(read(written, sizes, blockEvery)).toEqual(whole);
      }),
    );
  });

  test('that is cut anywhere gives a beginning of its frames', () => {
    for (let length = 0; length < written.length; length += 7) {
      const cut = read(written.subarray(0, length));
      expect(cut.frames).toEqual(whole.frames.slice(0, cut.frames.length));
      if (length < 189) expect(cut.complete).toBe(false);
    }
  });
});

test('damaged files give an error or frames, never anything else', () => {
  const damage = fc.array(fc.tuple(fc.nat({ max: written.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = Uint8Array.from(written);
      for (const [at, value] of changes) bytes[at] = value;
      readOrRefuse(bytes);
    }),
    { numRuns: 300 },
  );
});

test('headers with damaged contents and right checksums give an error or frames', () => {
  const bodies = fc.uint8Array({ minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(bodies, bodies, (main, stream) => {
      const head = Uint8Array.of(3, 1, 1, 1, 1, 25, ...main);
      readOrRefuse(
        join(NUT_FILE_ID, packet('main', head), packet('stream', stream), written.subarray(firstFrame)),
      );
    }),
    { numRuns: 300 },
  );
});

test('bytes of any kind give an error or frames', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6000 }), (bytes) => {
      readOrRefuse(bytes);
      readOrRefuse(join(NUT_FILE_ID, bytes));
      readOrRefuse(join(written.subarray(0, firstFrame), bytes));
    }),
  );
});

describe('parts of the format that ffmpeg seldom or never uses', () => {
  // Three runs of frame codes: flags, fields, pts delta, size multiplier, stream, size, reserved, count, match, header.
  const tableOfCodes = [
    ...[32 + 8, 8, 0, 1, 0, 0, 0, 10, 0, 1], // 0–9: coded pts, coded size, the bytes of header 1 are left out.
    ...[32, 8, toUnsigned(7), 1, 0, 0, 0, 10, 0, 0], // 10–19: 7 ticks after the last frame, coded size.
    ...[8192, 6, 0, 1, 0, 0, 0, 235], // 20–255 without N: invalid.
  ];
  const head = join(
    NUT_FILE_ID,
    packet('main', varints(3, 1, 100, 2, 1, 1000, 1, 25, ...tableOfCodes, 1, 3, 1, 2, 3)),
    packet('stream', varints(0, 0, 4, 66, 66, 66, 66, 1, 3, 0, 0, 0, 0, 2, 2, 0, 0, 0)),
  );

  test('timestamps by low bits, in full, by difference, from a syncpoint in another time base; elided bytes', () => {
    const bytes = join(
      head,
      packet('syncpoint', varints(1000 * 2 + 0, 0)), // 1000 ticks of 1/1000 s are tick 25 of 1/25 s.
      varints(0, 27 % 8, 4, 50),
      varints(0, 100 + 8, 4, 51),
      varints(10, 4, 52, 53, 54, 55),
    );
    for (const pieces of [[1], [2, 3], []]) {
      const { frames } = read(bytes, pieces);
      expect(frames.map(({ pts }) => pts)).toEqual([27, 100, 107]);
      expect(frames.map((frame) => frame.bytes)).toEqual(['01020332', '01020333', '34353637']);
    }
  });

  test.each([
    ['an invalid code', [30], /invalid code 30/],
    ['a number past the safe integers', [0, 255, 255, 255, 255, 255, 255, 255, 255, 1], /too large/],
    ['fewer bytes than it leaves out', [0, 3, 2], /frame of 2 bytes/],
    ['an N that begins nothing', [78, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], /neither a packet nor a frame/],
  ])('a frame with %s is refused', (_what, bytes, message) => {
    expect(() => read(join(head, Uint8Array.from(bytes)))).toThrow(message);
  });

  test('a damaged syncpoint is refused', () => {
    const syncpoint = packet('syncpoint', varints(5, 0));
    syncpoint[9]! ^= 1;
    expect(() => read(join(head, syncpoint))).toThrow(/damaged syncpoint/);
  });

  test('a huge header is refused before it is read', () => {
    const start = packet('main', new Uint8Array(0)).subarray(0, 8);
    expect(() => read(join(NUT_FILE_ID, start, varints(2 ** 40), new Uint8Array(8)))).toThrow(
      /main header of 1099511627776 bytes/,
    );
  });
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    read(bytes, [64]);
  } catch (error) {
    if (error instanceof RangeError && error.message === 'too large') return;
    if (!isSightlineError(error, 'ERR_FFMPEG_FAILED')) throw error;
    expect(error.message).not.toContain('\n');
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function varints(...values: readonly number[]): Uint8Array {
  return join(
    ...values.map((value) => {
      const bytes = new Uint8Array(varintLength(value));
      writeVarint(bytes, 0, value);
      return bytes;
    }),
  );
}

function packet(kind: keyof typeof NUT_START, body: Uint8Array): Uint8Array {
  return join(
    uint32(NUT_START[kind][0]),
    uint32(NUT_START[kind][1]),
    varints(body.length + 4),
    body,
    uint32(nutChecksum(body)),
  );
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
