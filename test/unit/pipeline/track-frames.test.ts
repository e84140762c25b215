import { describe, expect, it } from 'vitest';
import type { InferredFrame } from '../../../src/pipeline/infer-in-batches.js';
import { FrameTracker } from '../../../src/pipeline/track-frames.js';
import { createTracker } from '../../../src/tracking/registry.js';
import type { Tracker } from '../../../src/contract/tracker.js';
import type { FrameResult } from '../../../src/contract/result.js';
import { detection, frameResult } from '../../support/results.js';

/** One car that drives to the right. */
function inferred(index: number, epoch: number, ptsUs: number): InferredFrame {
  const { frame } = frameResult(index, { ptsUs });
  const x1 = 100 + ptsUs / 20_000;
  const box = { x1, y1: 80, x2: x1 + 120, y2: 160 };
  return {
    frame: { ...frame, epoch },
    detections: [detection({ box })],
    invalid: 0,
    queueMs: 1,
    inferenceMs: 2,
  };
}

function track(tracker: Tracker, frames: readonly InferredFrame[], hasPixels = true): FrameResult[] {
  const following = new FrameTracker(tracker, hasPixels);
  return frames.map((frame) => following.track(frame));
}

describe('tracking the frames of a source', () => {
  it.each(['bytetrack', 'botsort', 'ocsort', 'sort'])(
    'ends all tracks where the clock starts anew, with the first frame after it; ids of %s go on',
    (name) => {
      const before = Array.from({ length: 10 }, (_, index) => inferred(index, 0, 5_000_000 + index * 40_000));
      const after = Array.from({ length: 10 }, (_, index) => inferred(10 + index, 1, index * 40_000));
      const results = track(createTracker(name), [...before, ...after]);
      const idsOf = (from: number, to: number): Set<number> =>
        new Set(results.slice(from, to).flatMap(({ tracks }) => tracks.map(({ trackId }) => trackId)));
      expect([...idsOf(0, 10)]).toEqual([1]);
      expect([...idsOf(10, 20)]).toEqual([2]);
      expect(results.map(({ ended }) => ended.map(({ trackId }) => trackId))).toEqual(
        results.map((_, index) => (index === 10 ? [1] : [])),
      );
    },
  );

  it('hands frames through with what was found in them, and measures', () => {
    const frame = inferred(0, 0, 0);
    const [result] = track(createTracker('bytetrack'), [frame]);
    expect(result!.frame).toBe(frame.frame);
    expect(result!.detections).toBe(frame.detections);
    expect(result!.timing).toMatchObject({ queueMs: 1, inferenceMs: 2 });
    expect(result!.timing.trackMs).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ])('shows pictures to a tracker that looks (%s) at frames that have some (%s): %s', (looks, has, shown) => {
    const seen: boolean[] = [];
    const tracker: Tracker = {
      usesPixels: looks,
      update(_detections, _ptsUs, picture) {
        seen.push(picture !== undefined);
        return { tracks: [], ended: [] };
      },
      flush: () => [],
    };
    track(tracker, [inferred(0, 0, 0)], has);
    expect(seen).toEqual([shown]);
  });
});
