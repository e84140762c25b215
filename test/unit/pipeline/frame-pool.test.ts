import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesPerFrame,
  createFramePool,
  type FramePoolOptions,
  yuv420pBytes,
} from '../../../src/pipeline/frame-pool.js';
import type { Frame } from '../../../src/contract/frame.js';
import { GEOMETRY, sourceInfo } from '../../support/pipeline-parts.js';

const never = new AbortController().signal;
const stamp = { index: 7, ptsUs: 280_000, capturedAt: 0 };

function pool(
  capacity: number,
  picture = false,
  more: Partial<FramePoolOptions> = {},
): ReturnType<typeof createFramePool> {
  return createFramePool({
    sourceId: 'a',
    capacity,
    geometry: sourceInfo('a'),
    request: { input: GEOMETRY, image: picture },
    ...more,
  });
}

describe('createFramePool', () => {
  it('hands out no more frames than its capacity, and waits for a release', async () => {
    const frames = pool(2);
    const first = (await frames.acquire(never)).publish(stamp);
    (await frames.acquire(never)).publish(stamp);
    expect(frames.tryAcquire()).toBeUndefined();
    let arrived = false;
    const third = frames.acquire(never).then((slot) => {
      arrived = true;
      return slot;
    });
    await Promise.resolve();
    expect(arrived).toBe(false);
    const memory = first.input.data;
    first.release();
    expect((await third).input).toBe(memory);
  });

  it('serves those who wait in their order', async () => {
    const frames = pool(2);
    const held = [frames.tryAcquire()!, frames.tryAcquire()!];
    const order: number[] = [];
    const waiting = [0, 1].map((number) => frames.acquire(never).then(() => order.push(number)));
    for (const slot of held) slot.discard();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1]);
  });

  it('keeps a frame alive until its last holder lets go', async () => {
    const frames = pool(2);
    const frame = (await frames.acquire(never)).publish(stamp);
    frame.retain();
    frame.release();
    expect(frame.input.width).toBe(4);
    expect(frames.free).toBe(1);
    frame.release();
    expect(frames.free).toBe(2);
  });

  it('refuses a frame that was released too often or is used too late', async () => {
    const frame = (await pool(2).acquire(never)).publish(stamp);
    frame.release();
    const late = /frame 7 of "a" was used after its last release/;
    expect(() => frame.input).toThrow(late);
    expect(() => frame.image).toThrow(late);
    expect(() => frame.retain()).toThrow(late);
    expect(() => {
      frame.release();
    }).toThrow(late);
  });

  it('refuses a slot that is used twice', async () => {
    const slot = await pool(2).acquire(never);
    slot.discard();
    expect(() => slot.publish(stamp)).toThrow(/twice/);
  });

  it('stops waiting when the signal aborts, and gives the slot to the next in line', async () => {
    const frames = pool(2);
    const held = [frames.tryAcquire()!, frames.tryAcquire()!];
    const stop = new AbortController();
    const given = frames.acquire(stop.signal);
    const next = frames.acquire(never);
    stop.abort();
    await expect(given).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    held[0]!.discard();
    await expect(next).resolves.toBeDefined();
    await expect(frames.acquire(stop.signal)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('has pictures only when they were asked for, with chroma rounded up', async () => {
    expect((await pool(2).acquire(never)).image).toBeUndefined();
    expect((await pool(2, true).acquire(never)).image?.length).toBe(8 * 6 * 1.5);
    expect(yuv420pBytes(5, 3)).toBe(15 + 2 * 3 * 2);
    expect(bytesPerFrame(sourceInfo('a'), { input: GEOMETRY, image: true })).toBe(48 + 72);
  });

  it('refuses to be too small to work', () => {
    expect(() => pool(1)).toThrow(/at least 2/);
  });

  it('never loses or invents a buffer, whatever the order of calls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 200 }), (steps) => {
        const frames = pool(3);
        const held: Frame[] = [];
        for (const step of steps) {
          if (step < 3) {
            const slot = frames.tryAcquire();
            expect(slot === undefined).toBe(new Set(held).size === 3);
            if (slot !== undefined) held.push(slot.publish(stamp));
          } else if (step === 3 && held.length > 0) {
            held.push(held[0]!.retain());
          } else {
            held.shift()?.release();
          }
          expect(frames.free + new Set(held).size).toBe(3);
        }
      }),
    );
  });
});
