import { describe, expect, it } from 'vitest';
import { createTracker, TRACKERS } from '../../../src/tracking/registry.js';
import { readScene, sceneDetections } from '../../support/track-scenes.js';

const STREETS = ['still', 'hidden', 'drive', 'pan'];

describe.each(TRACKERS.map(({ type }) => type))('%s with nothing set', (name) => {
  const scenes = [...STREETS, 'chance', 'holes', ...(name === 'ocsort' ? ['turns'] : [])];
  it.each(scenes)('finds in the scene "%s" what it always found: ids, states and boxes', (scene) => {
    const tracker = createTracker(name);
    const want = readScene(scene, name);
    for (const [f, { ptsUs, found }] of sceneDetections(scene).entries()) {
      const rows = tracker
        .update(found, ptsUs)
        .tracks.map(({ trackId, state, box: { x1, y1, x2, y2 } }) => [
          ...[state === 'lost' ? -trackId : trackId],
          ...[x1, y1, x2, y2],
        ]);
      expect({ ptsUs, rows }).toEqual(want[f]);
    }
  });
});

describe.each([
  [
    'bytetrack',
    [...STREETS, 'chance'],
    { track_thresh: 0.6, match_thresh: 0.9, track_buffer: 12, new_track_thresh: 0.7 },
  ],
  ['ocsort', [...STREETS, 'chance', 'turns'], { max_age: 12, delta_t: 3, use_byte: true }],
] as const)('%s as published', (name, scenes, options) => {
  it.each(scenes)('finds in the scene "%s" what the authors’ program finds, ids one to one', (scene) => {
    const tracker = createTracker(name, { ...options, frame_rate: 25, as_published: true });
    const want = readScene(scene, `published-${name}`);
    const idOfTheirs = new Map<number, number>();
    for (const [f, { found }] of sceneDetections(scene).entries()) {
      const tracks = tracker.update(found, f * 40_000).tracks.filter(({ state }) => state === 'confirmed');
      expect(tracks, `frame ${f}`).toHaveLength(want[f]!.rows.length);
      for (const [id, ...box] of want[f]!.rows) {
        // Reported boxes are rounded to hundredths of one of the picture's 51 200 pixels.
        const mine = tracks.find((track) => {
          const { x1, y1, x2, y2 } = track.box;
          return [x1, y1, x2, y2].every((value, i) => Math.abs(value - box[i]!) < 0.005 + 1e-6);
        });
        expect(mine, `their track ${id} in frame ${f}, at ${box.join(' ')}`).toBeDefined();
        idOfTheirs.set(id!, idOfTheirs.get(id!) ?? mine!.trackId);
        expect(mine!.trackId, `their track ${id} in frame ${f}`).toBe(idOfTheirs.get(id!));
      }
    }
    expect(idOfTheirs.size).toBeGreaterThan(3);
    expect(new Set(idOfTheirs.values()).size).toBe(idOfTheirs.size);
  });
});
