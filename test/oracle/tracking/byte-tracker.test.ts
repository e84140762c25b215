import { describe, expect, it } from 'vitest';
import {
  ByteTrackEngine,
  type ByteTrackParameters,
} from '../../../src/tracking/byte-track/byte-track-engine.js';
import { ASPECT_HEIGHT_NOISE } from '../../../src/tracking/filters/kalman-noise.js';
import { CONFIRMED, LOST } from '../../../src/tracking/byte-track/track-store.js';
import { hasFile, hasMotData, readDetections, readJson, readRows } from './mot-data.js';

/** What the authors' program did (MIT, run elsewhere): ids, boxes and filter states. */
const SHORT = [
  'default-060-080-30',
  'demo-050-080-fps',
  'lowbranch-085-080-30',
  'mot17-060-090-30',
  'nofuse-060-080-30',
];
const cases = [
  ...['TUD-Campus', 'TUD-Stadtmitte', 'KITTI-17'].flatMap((sequence) =>
    SHORT.map((variant) => [sequence, variant]),
  ),
  ['ADL-Rundle-6', 'long-060-080-30'],
  ['ETH-Pedcross2', 'long-060-080-30'],
] as [string, string][];

const FRAME_US = 40_000;

interface OracleParameters {
  readonly frames: number;
  readonly params: {
    readonly low_thresh: number;
    readonly track_thresh: number;
    readonly new_track_thresh: number;
    readonly match_thresh: number;
    readonly fuse_score: boolean;
    readonly max_time_lost: number;
  };
}

interface TraceFrame {
  readonly tracked: readonly {
    readonly id: number;
    readonly activated: boolean;
    readonly det: number;
    readonly mean: readonly number[];
    readonly cov_diag: readonly number[];
  }[];
  readonly lost: readonly number[];
}

describe.skipIf(!hasMotData)('ByteTrack against the published program', () => {
  it.each(cases)('%s %s: same ids, boxes and scores in every frame', (sequence, variant) => {
    const { frames, params } = readJson(
      `oracle/bytetrack/${sequence}/${variant}/params.json`,
    ) as OracleParameters;
    const expected = Array.from({ length: frames }, (): number[][] => []);
    for (const row of readRows(`oracle/bytetrack/${sequence}/${variant}/result.txt`)) {
      expected[row[0]! - 1]!.push(row.slice(1, 7));
    }
    const engine = new ByteTrackEngine(parametersOf(params));
    const detections = readDetections(sequence, frames);
    for (let f = 0; f < frames; f++) {
      engine.update(detections[f]!, f * FRAME_US);
      const got = resultRows(engine);
      const want = expected[f]!.toSorted((a, b) => a[0]! - b[0]!);
      expect(
        got.map((row) => row[0]),
        `ids in frame ${f + 1}`,
      ).toEqual(want.map((row) => row[0]));
      got.forEach((row, i) => {
        expectClose(row, want[i]!, `frame ${f + 1}`);
      });
    }
  });

  const traced = cases.filter(([sequence, variant]) =>
    hasFile(`oracle/bytetrack/${sequence}/${variant}/trace.json`),
  );
  it.each(traced)('%s %s: same matches and filter states of every track', (sequence, variant) => {
    const path = `oracle/bytetrack/${sequence}/${variant}`;
    const { frames, params } = readJson(`${path}/params.json`) as OracleParameters;
    const trace = readJson(`${path}/trace.json`) as TraceFrame[];
    const engine = new ByteTrackEngine(parametersOf(params));
    const detections = readDetections(sequence, frames);
    for (let f = 0; f < frames; f++) {
      engine.update(detections[f]!, f * FRAME_US);
      const { tracks } = engine;
      const live = [...tracks.order.subarray(0, tracks.count)];
      const lostIds = live.filter((slot) => tracks.state[slot] === LOST).map((slot) => tracks.id[slot]);
      expect(lostIds, `lost in frame ${f + 1}`).toEqual(trace[f]!.lost.toSorted((a, b) => a - b));
      const seen = live.filter((slot) => tracks.state[slot] !== LOST);
      const want = trace[f]!.tracked.toSorted((a, b) => a.id - b.id);
      expect(seen.map((slot) => tracks.id[slot])).toEqual(want.map((track) => track.id));
      seen.forEach((slot, i) => {
        const track = want[i]!;
        expect(tracks.state[slot] === CONFIRMED).toBe(track.activated);
        expect(engine.detections.source[tracks.detection[slot]!]).toBe(track.det);
        const { position, velocity, positionVariance, velocityVariance } = tracks.filter;
        const four = (values: Float64Array): number[] => [...values.subarray(slot * 4, slot * 4 + 4)];
        expectClose(
          [...four(position), ...four(velocity)],
          track.mean,
          `mean of ${track.id} in frame ${f + 1}`,
        );
        expectClose(
          [...four(positionVariance), ...four(velocityVariance)],
          track.cov_diag,
          `variance of ${track.id}`,
        );
      });
    }
  });
});

/** One interval is one step of the filter; half a frame more on the buffer keeps rounding out of the comparison. */
function parametersOf(params: OracleParameters['params']): ByteTrackParameters {
  return {
    trackHighThresh: params.track_thresh,
    trackLowThresh: params.low_thresh,
    newTrackThresh: params.new_track_thresh,
    matchThresh: params.match_thresh,
    trackBufferUs: (params.max_time_lost + 0.5) * FRAME_US,
    fuseScore: params.fuse_score,
    crossClassIou: 0,
    nominalIntervalUs: FRAME_US,
    noise: ASPECT_HEIGHT_NOISE,
    asPublished: true,
  };
}

function resultRows({ tracks }: ByteTrackEngine): number[][] {
  const live = [...tracks.order.subarray(0, tracks.count)].filter((slot) => tracks.state[slot] === CONFIRMED);
  return live.map((slot) => {
    const { x1, y1, x2, y2 } = tracks.corners;
    const left = x1[slot]!;
    const top = y1[slot]!;
    return [tracks.id[slot]!, left, top, x2[slot]! - left, y2[slot]! - top, tracks.score[slot]!];
  });
}

function expectClose(got: readonly number[], want: readonly number[], message: string): void {
  const wrong = want.findIndex(
    (value, i) => !(Math.abs(got[i]! - value) <= 1e-9 * Math.max(1, Math.abs(value))),
  );
  if (wrong >= 0) expect(got, `${message}, value ${wrong}`).toEqual(want);
}
