import { describe, expect, it } from 'vitest';
import { MOST_BAD_FRAMES, OutputWatch } from '../../../src/model/output-watch.js';

const INFO = { model: 'm', backend: 'onnxruntime', device: 'cpu' } as const;

/** Frames of 1000 outputs, so many of them invalid. @returns after how many frames it throws, and what. */
function watch(invalid: readonly number[]): readonly [frames: number, message: string] | undefined {
  const watching = new OutputWatch(INFO);
  for (const [at, count] of invalid.entries()) {
    try {
      watching.see({ invalid: count, outputs: 1000 });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_MODEL_INVALID' });
      return [at + 1, (error as Error).message];
    }
  }
  return undefined;
}

describe('OutputWatch', () => {
  it('throws at once if the network has never put out a number', () => {
    expect(watch([1000])).toEqual([1, expect.stringMatching(/^model "m" on onnxruntime cpu .*1000 of 1000/)]);
  });

  it.each<[string, number[], number | undefined]>([
    ['ten bad frames in a row', new Array<number>(10).fill(10), 10],
    ['ten frames without a number after a good one', [0, ...new Array<number>(10).fill(1000)], 11],
    [
      'ten, one good among them',
      [...new Array<number>(9).fill(10), 0, ...new Array<number>(9).fill(10)],
      undefined,
    ],
    ['an odd box that overflows in every frame', new Array<number>(100).fill(9), undefined],
    ['no invalid output', new Array<number>(100).fill(0), undefined],
  ])('judges %s', (_, invalid, frames) => {
    expect(MOST_BAD_FRAMES).toBe(10);
    expect(watch(invalid)?.[0]).toBe(frames);
  });

  it('says nothing of a network without outputs', () => {
    const watching = new OutputWatch(INFO);
    expect(() => {
      watching.see({ invalid: 0, outputs: 0 });
    }).not.toThrow();
  });
});
