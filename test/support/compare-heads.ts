/** Comparing a backend's heads with the reference network's, which lie as rows of pixels (NHWC). */
import { expect } from 'vitest';
import type { Backend, HeadTensor } from '../../src/model/backends/backend.js';
import { goldenFloats, type GoldenModel, goldenPicture } from './golden-network.js';

/** How far an emitter may be from the reference, as a share of the head's standard deviation. */
export const HEAD_TOLERANCE = 1e-3;

/** The backend, closed at the end of the block that says `await using`. */
export function closing(backend: Backend): Backend & AsyncDisposable {
  return {
    info: backend.info,
    run: (pixels, count) => backend.run(pixels, count),
    close: () => backend.close(),
    [Symbol.asyncDispose]: () => backend.close(),
  };
}

/** The largest distance between the first picture of a head, in whatever layout, and the reference's NHWC values. */
export function largestDifference(head: HeadTensor, golden: Float32Array): number {
  const { data, channels, height, width, layout } = head;
  const area = height * width;
  if (layout === 'nhwc') return difference(data, golden);
  const moved = new Float32Array(golden.length);
  for (let c = 0; c < channels; c++) {
    for (let at = 0; at < area; at++) moved[at * channels + c] = data[c * area + at]!;
  }
  return difference(moved, golden);
}

/** The largest distance between two lists; NaN if one of them holds a NaN. */
export function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let largest = 0;
  for (let at = 0; at < a.length; at++) {
    const error = Math.abs(a[at]! - b[at]!);
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

/** Mean and standard deviation. */
export function statistics(values: Float32Array): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

/** Expects the heads of the golden picture to be those of the reference, within a share of each one's standard deviation. */
export function expectGoldenHeads(
  heads: readonly HeadTensor[],
  outputs: GoldenModel['outputs'],
  tolerance: number,
): void {
  expect(heads).toHaveLength(3);
  for (const [index, { file, shape, std }] of outputs.entries()) {
    const head = heads[index]!;
    expect([head.height, head.width, head.channels]).toEqual(shape);
    expect(largestDifference(head, goldenFloats(file))).toBeLessThan(tolerance * std);
  }
}

/** Expects a batch of golden pictures to get what each of them gets alone. */
export async function expectBatchLikeSingles(backend: Backend, tolerance: number): Promise<void> {
  const first = goldenPicture();
  const second = first.map((sample) => 255 - sample);
  const pictures = [first, second, first];
  const together = await backend.run(Uint8Array.from(pictures.flatMap((picture) => [...picture])), 3);
  for (const [at, picture] of pictures.entries()) {
    for (const [index, { data }] of (await backend.run(picture, 1)).entries()) {
      const part = together[index]!.data.subarray(at * data.length, (at + 1) * data.length);
      expect(difference(part, data)).toBeLessThan(tolerance);
    }
  }
}
