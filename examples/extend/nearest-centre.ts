/** A tracker that links each detection to the nearest track of its class: `track: { tracker: nearest-centre }`. */
import { type Box, type Track, type TrackerKind, z } from 'sightline';

const options = z.strictObject({
  least_confidence: z.number().default(0.5).describe('Detections below it are not used.'),
  reach: z.number().positive().default(80).describe('How far a centre may be from the last one, in pixels.'),
  patience: z.number().default(0.5).describe('How long a track waits for its object, in seconds.'),
});

function distance(a: Box, b: Box): number {
  return Math.hypot(a.x1 + a.x2 - b.x1 - b.x2, a.y1 + a.y2 - b.y1 - b.y2) / 2;
}

export const nearestCentre: TrackerKind<typeof options> = {
  type: 'nearest-centre',
  doc: 'The nearest centre of the same class is the same object.',
  options,
  settings: { highThreshold: 'least_confidence' }, // what --conf and `track.highThreshold` set
  create({ least_confidence, reach, patience }) {
    const live = new Map<number, { track: Track; startUs: number; seenUs: number }>();
    let nextId = 1; // ids are never given again
    return {
      usesPixels: false,
      update(detections, ptsUs) {
        for (const detection of detections.filter(({ confidence }) => confidence >= least_confidence)) {
          const [near] = [...live.values()]
            .filter(({ track, seenUs }) => track.classId === detection.classId && seenUs < ptsUs)
            .map(({ track, startUs }) => ({ ...track, startUs, away: distance(track.box, detection.box) }))
            .filter(({ away }) => away <= reach)
            .sort((a, b) => a.away - b.away);
          const { trackId, startUs } = near ?? { trackId: nextId++, startUs: ptsUs };
          const more = {
            trackId,
            state: 'confirmed',
            ageUs: ptsUs - startUs,
            velocity: { x: 0, y: 0 },
          } as const;
          live.set(trackId, { track: { ...detection, ...more }, startUs, seenUs: ptsUs });
        }
        const ended = [...live.values()].filter(({ seenUs }) => ptsUs - seenUs > patience * 1e6);
        for (const { track } of ended) live.delete(track.trackId);
        const seen = [...live.values()].filter(({ seenUs }) => seenUs === ptsUs);
        return { tracks: seen.map(({ track }) => track), ended: ended.map(({ track }) => track) };
      },
      flush() {
        const ended = [...live.values()].map(({ track }) => track);
        live.clear();
        return ended;
      },
    };
  },
};

/** What `modules: [./nearest-centre.js]` adds to a run. */
export const trackerKinds = [nearestCentre];
