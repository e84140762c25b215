/** A tracker of your own: each detection continues the track whose box is nearest. */
import type { Detection, Track, Tracker, TrackerKind } from 'sightline';
import { z } from 'zod';

const options = z.strictObject({
  most_pixels: z.number().positive().default(50).describe('how far an object moves between two frames'),
  least_confidence: z.number().min(0).max(1).default(0.5).describe('detections from here on are followed'),
});

/** Give it to `createPipeline` as `{ trackers: [nearestBox] }` and name it in `track: { tracker: 'nearest' }`. */
export const nearestBox: TrackerKind<typeof options> = {
  type: 'nearest',
  doc: 'continues each track at the nearest detection of its class',
  options,
  settings: { highThreshold: 'least_confidence' },
  create: ({ most_pixels: mostPixels, least_confidence: least }): Tracker => {
    let alive: (Track & { readonly sinceUs: number })[] = [];
    let lastId = 0;
    return {
      usesPixels: false,
      update(detections, ptsUs) {
        const before = [...alive];
        alive = detections
          .filter(({ confidence }) => confidence >= least)
          .map((detection) => {
            const track = takeNearest(before, detection, mostPixels);
            const { trackId, sinceUs } = track ?? { trackId: ++lastId, sinceUs: ptsUs };
            const velocity = { x: 0, y: 0 };
            return { ...detection, trackId, sinceUs, state: 'confirmed', ageUs: ptsUs - sinceUs, velocity };
          });
        return { tracks: alive, ended: before };
      },
      flush: () => alive.splice(0),
    };
  },
};

/** Takes the track out of `tracks` that is near enough, and nearest. */
function takeNearest<T extends Track>(tracks: T[], { box, label }: Detection, most: number): T | undefined {
  const distances = tracks.map((track) =>
    track.label === label ? Math.hypot(track.box.x1 - box.x1, track.box.y1 - box.y1) : Infinity,
  );
  const nearest = Math.min(...distances);
  return nearest <= most ? tracks.splice(distances.indexOf(nearest), 1)[0] : undefined;
}
