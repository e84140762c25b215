import { describe, expect, it } from 'vitest';
import { OcSortEngine, type OcSortParameters } from '../../../src/tracking/oc-sort/oc-sort-engine.js';
import { CONFIRMED } from '../../../src/tracking/byte-track/track-store.js';
import { hasMotData, readDetections, readRows } from './mot-data.js';

const FRAME_US = 40_000;
const FRAMES = { 'TUD-Campus': 71, 'TUD-Stadtmitte': 179, 'KITTI-17': 145 } as const;

const COMMON = {
  lowThresh: 0.1,
  minHits: 3,
  iouThreshold: 0.3,
  // Half a frame more keeps rounding out of the comparison.
  deltaTUs: 3.5 * FRAME_US,
  useByte: false,
  crossClassIou: 0,
  nominalIntervalUs: FRAME_US,
  asPublished: true,
};
const SORT: OcSortParameters = {
  ...COMMON,
  detThresh: 0,
  maxAgeUs: 1.5 * FRAME_US,
  inertia: 0,
  observationCentric: false,
};
const OC_SORT: OcSortParameters = {
  ...COMMON,
  detThresh: 0.6,
  maxAgeUs: 30.5 * FRAME_US,
  inertia: 0.2,
  observationCentric: true,
};

describe.skipIf(!hasMotData)('SORT and OC-SORT against the published programs', () => {
  const sequences = Object.keys(FRAMES) as (keyof typeof FRAMES)[];
  it.each(sequences)('SORT %s: same boxes, and ids one to one', (sequence) => {
    expectSame('sort', sequence, new OcSortEngine(SORT), false);
  });
  it.each(sequences)('OC-SORT %s: same boxes, and ids one to one', (sequence) => {
    expectSame('ocsort', sequence, new OcSortEngine(OC_SORT), true);
  });
});

/** Numbers of ids may differ: the programs create the tracks of one frame in another order. */
function expectSame(
  folder: string,
  sequence: keyof typeof FRAMES,
  engine: OcSortEngine,
  observed: boolean,
): void {
  const frames = FRAMES[sequence];
  const expected = Array.from({ length: frames }, (): number[][] => []);
  for (const row of readRows(`oracle/${folder}/${sequence}/result.txt`))
    expected[row[0]! - 1]!.push(row.slice(1, 6));
  const idOfTheirs = new Map<number, number>();
  const detections = readDetections(sequence, frames);
  for (let f = 0; f < frames; f++) {
    engine.update(detections[f]!, f * FRAME_US);
    const { tracks } = engine;
    const { x1, y1, x2, y2 } = observed ? tracks.observed : tracks.corners;
    const got = [...tracks.order.subarray(0, tracks.count)]
      .filter((slot) => tracks.state[slot] === CONFIRMED)
      .map((slot) => [tracks.id[slot]!, x1[slot]!, y1[slot]!, x2[slot]! - x1[slot]!, y2[slot]! - y1[slot]!]);
    const want = expected[f]!;
    expect(got.length, `boxes in frame ${f + 1}`).toBe(want.length);
    for (const row of want) {
      const mine = got.find((box) => box.slice(1).every((value, i) => Math.abs(value - row[i + 1]!) < 1e-6));
      expect(mine, `box ${row.join(' ')} in frame ${f + 1}`).toBeDefined();
      const id = idOfTheirs.get(row[0]!) ?? mine![0]!;
      idOfTheirs.set(row[0]!, id);
      expect(mine![0], `id ${row[0]} in frame ${f + 1}`).toBe(id);
    }
  }
  expect(new Set(idOfTheirs.values()).size).toBe(idOfTheirs.size);
}
