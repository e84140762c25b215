import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createFramePool } from '../../../src/pipeline/frame-pool.js';
import { inferInBatches } from '../../../src/pipeline/infer-in-batches.js';
import type { DetectedFrame, ModelInput } from '../../../src/contract/detector.js';
import type { Frame } from '../../../src/contract/frame.js';
import { GEOMETRY, lost, nothingFound, scriptedDetector, sourceInfo } from '../../support/pipeline-parts.js';

function framesFor(id: string, count: number): { frames: Frame[]; free: () => number } {
  const pool = createFramePool({
    sourceId: id,
    capacity: 16,
    geometry: sourceInfo(id),
    request: { input: GEOMETRY, image: false },
  });
  const frames = Array.from({ length: count }, (_, index) =>
    pool.tryAcquire()!.publish({ index, ptsUs: 0, capturedAt: 0 }),
  );
  return { frames, free: () => pool.free };
}

/** A detector whose answers are given by hand. */
function heldDetector(maxBatch: number): {
  detector: ReturnType<typeof scriptedDetector>;
  answer: () => Promise<void>;
  fail: (error: Error) => Promise<void>;
} {
  const open: {
    inputs: readonly ModelInput[];
    resolve: (found: DetectedFrame[]) => void;
    reject: (error: Error) => void;
  }[] = [];
  const detector = scriptedDetector(
    maxBatch,
    (inputs) =>
      new Promise((resolve, reject) => {
        open.push({ inputs, resolve, reject });
      }),
  );
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return {
    detector,
    async answer() {
      const call = open.shift()!;
      call.resolve(await nothingFound(call.inputs));
      await settled();
    },
    async fail(error) {
      open.shift()!.reject(error);
      await settled();
    },
  };
}

interface Seen {
  indices: number[];
  givenUp: [number, unknown][];
  end: string | undefined;
}

function listen(
  id: string,
  infer: ReturnType<typeof inferInBatches>,
  input: Subject<Frame>,
): Seen & { stop: () => void } {
  const seen: Seen = { indices: [], givenUp: [], end: undefined };
  const subscription = input
    .pipe(
      infer((frame, cause) => {
        seen.givenUp.push([frame.index, cause]);
      }),
    )
    .subscribe({
      next: ({ frame }) => {
        expect(frame.sourceId).toBe(id);
        seen.indices.push(frame.index);
        frame.release();
      },
      error: (error: unknown) => (seen.end = error instanceof Error ? error.message : 'error'),
      complete: () => (seen.end = 'complete'),
    });
  return Object.assign(seen, {
    stop: () => {
      subscription.unsubscribe();
    },
  });
}

describe('inferInBatches', () => {
  it('sends a lone frame at once, and what waited meanwhile as one batch', async () => {
    const { detector, answer } = heldDetector(4);
    const input = new Subject<Frame>();
    const seen = listen('a', inferInBatches(detector), input);
    for (const frame of framesFor('a', 6).frames) input.next(frame);
    expect(detector.batches).toEqual([1]);
    await answer();
    expect(detector.batches).toEqual([1, 4]);
    expect(seen.indices).toEqual([0]);
    await answer();
    await answer();
    expect(detector.batches).toEqual([1, 4, 1]);
    expect(seen.indices).toEqual([0, 1, 2, 3, 4, 5]);
    expect(detector.mostAtOnce).toBe(1);
  });

  it('takes from waiting sources in turn, so that a busy one cannot starve another', async () => {
    const { detector, answer } = heldDetector(2);
    const infer = inferInBatches(detector);
    const [busy, quiet] = [new Subject<Frame>(), new Subject<Frame>()];
    const fromBusy = listen('busy', infer, busy);
    const fromQuiet = listen('quiet', infer, quiet);
    for (const frame of framesFor('busy', 8).frames) busy.next(frame);
    quiet.next(framesFor('quiet', 1).frames[0]!);
    await answer();
    await answer();
    expect(fromQuiet.indices).toEqual([0]);
    expect(fromBusy.indices).toEqual([0, 1]);
  });

  it('passes the end of a source on after its frames, an error too', async () => {
    for (const error of [undefined, new Error('broken file')]) {
      const { detector, answer } = heldDetector(1);
      const input = new Subject<Frame>();
      const seen = listen('a', inferInBatches(detector), input);
      for (const frame of framesFor('a', 2).frames) input.next(frame);
      if (error === undefined) input.complete();
      else input.error(error);
      expect(seen.end).toBeUndefined();
      await answer();
      expect(seen.end).toBeUndefined();
      await answer();
      expect(seen.indices).toEqual([0, 1]);
      expect(seen.end).toBe(error?.message ?? 'complete');
    }
  });

  it('gives up the frames of a lost batch, releases them, and goes on', async () => {
    const { detector, answer, fail } = heldDetector(1);
    const input = new Subject<Frame>();
    const seen = listen('a', inferInBatches(detector), input);
    const { frames, free } = framesFor('a', 2);
    for (const frame of frames) input.next(frame);
    const error = lost();
    await fail(error);
    await answer();
    expect(seen.givenUp).toEqual([[0, 'inference-lost']]);
    expect(seen.indices).toEqual([1]);
    expect(free()).toBe(16);
  });

  it('errors every source when the detector cannot go on', async () => {
    const { detector, fail } = heldDetector(1);
    const infer = inferInBatches(detector);
    const inputs = [new Subject<Frame>(), new Subject<Frame>()];
    const seen = inputs.map((input, at) => listen(String(at), infer, input));
    const made = inputs.map((_, at) => framesFor(String(at), 3));
    inputs.forEach((input, at) => {
      for (const frame of made[at]!.frames) input.next(frame);
    });
    await fail(new Error('no memory'));
    expect(seen.map(({ end }) => end)).toEqual(['no memory', 'no memory']);
    expect(seen.map(({ givenUp }) => givenUp.length)).toEqual([3, 3]);
    expect(made.map(({ free }) => free())).toEqual([16, 16]);
  });

  it('releases what waits when nobody listens any more, and what is under way when it comes back', async () => {
    const { detector, answer } = heldDetector(1);
    const input = new Subject<Frame>();
    const seen = listen('a', inferInBatches(detector), input);
    const { frames, free } = framesFor('a', 3);
    for (const frame of frames) input.next(frame);
    seen.stop();
    expect(free()).toBe(15);
    await answer();
    expect(free()).toBe(16);
    expect(seen.givenUp).toEqual([
      [1, 'stopped'],
      [2, 'stopped'],
      [0, 'stopped'],
    ]);
  });
});
