/** How the detector's time is shared between sources, seen from outside: which source each place of each batch went to. */
import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/contract/frame.js';
import { inferInBatches } from '../../../src/pipeline/infer-in-batches.js';
import { nothingFound, scriptedDetector } from '../../support/pipeline-parts.js';
import { frameResult } from '../../support/results.js';

interface Source {
  readonly id: string;
  /** Gives the source a number of frames at once. */
  readonly offer: (count: number) => void;
  readonly end: () => void;
  readonly ended: Promise<void>;
}

interface Run {
  readonly sources: readonly Source[];
  /** Names of the sources whose frames each batch held. */
  readonly batches: (readonly string[])[];
}

/** Sources of one operator. @param onBatch runs while the detector has a batch, with the number of batches so far. */
function start(count: number, maxBatch: number, onBatch: (sofar: number) => void = () => undefined): Run {
  const batches: string[][] = [];
  const detector = scriptedDetector(maxBatch, (inputs) => {
    batches.push(inputs.map(({ frame }) => frame!.sourceId));
    onBatch(batches.length);
    return nothingFound(inputs);
  });
  const infer = inferInBatches(detector);
  const sources = Array.from({ length: count }, (_, at): Source => {
    const id = String(at);
    const input = new Subject<Frame>();
    let next = 0;
    const ended = new Promise<void>((resolve, reject) => {
      input.pipe(infer(() => undefined)).subscribe({ complete: resolve, error: reject });
    });
    return {
      id,
      ended,
      offer: (frames) => {
        for (let k = 0; k < frames; k++) input.next(frameResult(next++, { sourceId: id }).frame);
      },
      end: () => {
        input.complete();
      },
    };
  });
  return { sources, batches };
}

/** 2 to 5 sources, batches of 1 to 3. */
const shapes = fc.record({
  count: fc.integer({ min: 2, max: 5 }),
  maxBatch: fc.integer({ min: 1, max: 3 }),
});

describe('sharing the detector', () => {
  it('gives sources that always have a frame waiting the same share, over any stretch of batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.array(fc.integer({ min: 12, max: 24 }), { minLength: 5, maxLength: 5 }),
        async ({ count, maxBatch }, backlogs) => {
          const { sources, batches } = start(count, maxBatch);
          const left = sources.map((source, at) => {
            source.offer(backlogs[at]!);
            source.end();
            return backlogs[at]!;
          });
          await Promise.all(sources.map(({ ended }) => ended));
          expect(batches.flat()).toHaveLength(left.reduce((sum, frames) => sum + frames, 0));
          // The first batch left before the others had anything; what follows counts while nobody runs dry.
          left[0]! -= batches[0]!.length;
          const stretches: number[][] = [];
          let apart = 0;
          for (const batch of batches.slice(1)) {
            if (Math.min(...left) < maxBatch) break;
            const served = sources.map(({ id }) => batch.filter((name) => name === id).length);
            for (const stretch of stretches) served.forEach((frames, at) => (stretch[at]! += frames));
            stretches.push(served);
            served.forEach((frames, at) => (left[at]! -= frames));
            for (const stretch of stretches)
              apart = Math.max(apart, Math.max(...stretch) - Math.min(...stretch));
          }
          expect(apart).toBeLessThanOrEqual(1);
          expect(stretches.length).toBeGreaterThan(5);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('serves a newcomer with one frame within one round, whichever source it is and whenever it comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.nat({ max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async ({ count, maxBatch }, which, when) => {
          const newcomer = which % count;
          const { sources, batches } = start(count, maxBatch, (sofar) => {
            if (sofar === when) sources[newcomer]!.offer(1);
          });
          for (const source of sources) if (source !== sources[newcomer]) source.offer(40);
          sources.forEach(({ id, end }) => {
            if (id !== String(newcomer)) end();
          });
          await Promise.all(sources.flatMap(({ ended }, at) => (at === newcomer ? [] : [ended])));
          const waited = batches.slice(when).findIndex((batch) => batch.includes(String(newcomer))) + 1;
          expect(waited).toBeGreaterThan(0);
          expect(waited).toBeLessThanOrEqual(Math.ceil(count / maxBatch));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives sources behind idle ones no more than others', async () => {
    const { sources, batches } = start(5, 1);
    for (const at of [0, 3]) sources[at]!.offer(20);
    for (const at of [0, 3]) sources[at]!.end();
    await Promise.all([sources[0]!.ended, sources[3]!.ended]);
    const half = batches.slice(1, 21).flat();
    expect(half.filter((name) => name === '0')).toHaveLength(10);
  });

  it('leaves all of it to the one source that has frames', async () => {
    const { sources, batches } = start(4, 3);
    sources[2]!.offer(7);
    sources[2]!.end();
    await sources[2]!.ended;
    expect(batches.map((batch) => batch.length)).toEqual([1, 3, 3]);
  });
});
