import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import {
  controlRoom,
  decodeDetections,
  decodeFailure,
  decodeLetterboxes,
  encodeDetections,
  encodeFailure,
  encodeLetterboxes,
  FRAME_KINDS,
  FrameReader,
  headerOf,
  type HostFrame,
} from '../../../src/model/host/protocol.js';
import type { DetectedFrame } from '../../../src/contract/detector.js';
import type { Letterbox } from '../../../src/contract/picture.js';

const CLASSES = ['person', 'car'];
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const letterbox: fc.Arbitrary<Letterbox> = fc.record({
  inputWidth: number,
  inputHeight: number,
  x: number,
  y: number,
  width: number,
  height: number,
  sourceWidth: number,
  sourceHeight: number,
});
const detectedFrame: fc.Arbitrary<DetectedFrame> = fc.record({
  invalid: fc.nat(),
  detections: fc.array(
    fc
      .record({
        box: fc.record({ x1: number, y1: number, x2: number, y2: number }),
        classId: fc.constantFrom(0, 1),
        confidence: number,
      })
      .map((found) => ({ ...found, label: CLASSES[found.classId]! })),
    { maxLength: 5 },
  ),
});

describe('frames', () => {
  it('come out as they went in, however the bytes are cut, and each kind where its receiver wants it', () => {
    const frame = fc.record({
      kind: fc.constantFrom(...FRAME_KINDS),
      id: fc.integer({ min: 0, max: 0xffff_ffff }),
      body: fc.uint8Array({ maxLength: 70 }),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (sent, cuts) => {
          const bytes = Buffer.concat(
            sent.flatMap(({ kind, id, body }) => [headerOf(kind, id, body.length), body]),
          );
          const batch = new Uint8Array(100);
          const received: HostFrame[] = [];
          const reader = new FrameReader(
            (kind, length) => (kind === 'pixels' ? batch.subarray(0, length) : controlRoom(kind, length)),
            (got) => {
              if (got.kind === 'pixels' && got.body.length > 0) expect(got.body.buffer).toBe(batch.buffer);
              received.push({ ...got, body: got.body.slice() });
            },
          );
          for (let at = 0, i = 0; at < bytes.length; i++) {
            expect(reader.space().length).toBeGreaterThan(0);
            const part = bytes.subarray(at, at + (cuts[i % cuts.length] ?? bytes.length));
            reader.feed(part);
            at += part.length;
          }
          expect(received).toEqual(sent);
        },
      ),
    );
  });

  it.each([
    ['another magic', 0, 0x20],
    ['another version', 2, 2],
    ['an unknown kind', 3, 6],
  ])('are refused with %s', (_, at, value) => {
    const bytes = headerOf('ready', 1, 4);
    bytes[at] = value;
    const reader = new FrameReader(controlRoom, () => undefined);
    expect(() => {
      reader.feed(bytes);
    }).toThrow(expect.objectContaining({ code: 'ERR_BACKEND_FAILED' }));
  });

  it.each([
    ['pixels, which the parent never receives', 'pixels', 100],
    ['a control frame of 4 GB', 'detections', 0xffff_ffff],
  ] as const)('make no room for %s', (_, kind, length) => {
    const reader = new FrameReader(controlRoom, () => undefined);
    expect(() => {
      reader.feed(headerOf(kind, 1, length));
    }).toThrow(/out of step/);
  });
});

describe('bodies', () => {
  it('hold letterboxes exactly, at any offset in their buffer', () => {
    fc.assert(
      fc.property(fc.array(letterbox, { maxLength: 6 }), fc.nat({ max: 9 }), (letterboxes, offset) => {
        expect(decodeLetterboxes(shifted(encodeLetterboxes(letterboxes), offset))).toEqual(letterboxes);
      }),
    );
  });

  it('hold detections exactly', () => {
    fc.assert(
      fc.property(fc.array(detectedFrame, { maxLength: 6 }), fc.nat({ max: 9 }), (frames, offset) => {
        const body = shifted(encodeDetections(frames), offset);
        expect(decodeDetections(body, frames.length, CLASSES)).toEqual(frames);
      }),
    );
  });

  it('are refused when they are not what was asked for', () => {
    const frames = [
      {
        invalid: 0,
        detections: [{ box: { x1: 0, y1: 0, x2: 1, y2: 1 }, classId: 1, label: 'car', confidence: 1 }],
      },
    ];
    const body = encodeDetections(frames);
    const refused = expect.objectContaining({ code: 'ERR_BACKEND_FAILED' }) as Error;
    expect(() => decodeDetections(body, 2, CLASSES)).toThrow(refused);
    expect(() => decodeDetections(body, 0, CLASSES)).toThrow(refused);
    expect(() => decodeDetections(body, 1, ['person'])).toThrow(refused);
    expect(() => decodeDetections(body.subarray(8), 1, CLASSES)).toThrow(refused);
    expect(() => decodeDetections(body.subarray(0, -8), 1, CLASSES)).toThrow(refused);
    expect(() => decodeDetections(body.subarray(1), 1, CLASSES)).toThrow(refused);
    for (const count of [NaN, -1, 0.5, 1e300, Infinity]) {
      const broken = body.slice();
      new Float64Array(broken.buffer)[0] = count;
      expect(() => decodeDetections(broken, 1, CLASSES)).toThrow(refused);
    }
    expect(() => decodeLetterboxes(new Uint8Array(8 * 9))).toThrow(refused);
  });

  it('carry an error of ours with code and message, anything else as a failed backend in one line', () => {
    const ours = new SightlineError('ERR_MODEL_NOT_FOUND', 'no model in "x"');
    expect(decodeFailure(encodeFailure(ours))).toMatchObject({ code: ours.code, message: ours.message });
    expect(decodeFailure(encodeFailure(new Error('cuda\n  says no')))).toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: 'cuda says no',
    });
    expect(decodeFailure(Buffer.from('{"code":"ERR_MADE_UP"}'))).toMatchObject({
      code: 'ERR_BACKEND_FAILED',
    });
  });
});

function shifted(body: Uint8Array, offset: number): Uint8Array {
  const larger = new Uint8Array(body.length + offset);
  larger.set(body, offset);
  return larger.subarray(offset);
}
