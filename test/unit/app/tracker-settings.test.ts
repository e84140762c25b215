import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { trackerSettings } from '../../../src/app/tracker-settings.js';
import { parseOptions } from '../../../src/config/parse.js';
import type { OptionsInput } from '../../../src/config/schema.js';
import type { TrackingInfo } from '../../../src/contract/tracker.js';
import { createTracker, createTrackerRegistry, TRACKERS } from '../../../src/tracking/registry.js';
import type { TrackerKind } from '../../../src/tracking/tracker-kind.js';

type Track = NonNullable<OptionsInput['track']>;

const trackers = createTrackerRegistry(TRACKERS);

/** Settings of a run of a model whose own confidence is 0.4. */
function settings(track: Track, detect: OptionsInput['detect'] = {}): ReturnType<typeof trackerSettings> {
  return trackerSettings(parseOptions({ sources: ['a'], track, detect }), 0.4, trackers);
}

function trackerMaker({ tracker, parameters }: TrackingInfo): ReturnType<typeof trackers.prepare> {
  return trackers.prepare(tracker, parameters);
}

describe('from options to a tracker', () => {
  it('asks the model for weaker boxes than the sure ones, which are as the model or the user says', () => {
    expect(settings({})).toEqual({
      detector: 0.1,
      tracking: {
        tracker: 'botsort',
        parameters: { track_high_thresh: 0.4, track_low_thresh: 0.1, gmc_method: 'none' },
      },
    });
    expect(settings({}, { confidence: 0.7 })).toMatchObject({
      detector: 0.1,
      tracking: { parameters: { track_high_thresh: 0.7 } },
    });
    expect(settings({}, { confidence: 0.05 })).toMatchObject({
      detector: 0.05,
      tracking: { parameters: { track_high_thresh: 0.05, track_low_thresh: 0.05 } },
    });
  });

  it('keeps thresholds by class to the letter', () => {
    expect(settings({}, { confidence: 0.5, classConfidence: { car: 0.3, person: 0.8 } })).toMatchObject({
      detector: 0.5,
      tracking: { parameters: { track_high_thresh: 0.3 } },
    });
  });

  const all = { highThreshold: 0.6, lowThreshold: 0.2, bufferSeconds: 2 };
  it.each([
    [
      { tracker: 'bytetrack', ...all, newTrackThreshold: 0.7, matchThreshold: 0.9 },
      {
        track_high_thresh: 0.6,
        track_low_thresh: 0.2,
        new_track_thresh: 0.7,
        match_thresh: 0.9,
        track_buffer: 2,
      },
    ],
    [
      { tracker: 'BoT-SORT', ...all, newTrackThreshold: 0.7, matchThreshold: 0.9, cameraMotion: true },
      {
        track_high_thresh: 0.6,
        track_low_thresh: 0.2,
        new_track_thresh: 0.7,
        match_thresh: 0.9,
        track_buffer: 2,
        gmc_method: 'sparseOptFlow',
      },
    ],
    [
      { tracker: 'oc-sort', ...all },
      { det_thresh: 0.6, track_low_thresh: 0.2, max_age: 2 },
    ],
    [
      { tracker: 'SORT', highThreshold: 0.6, bufferSeconds: 2 },
      { det_thresh: 0.6, max_age: 2 },
    ],
  ])('names each setting as the tracker does: %j', (track, parameters) => {
    const { tracking } = settings(track);
    expect(tracking.parameters).toEqual(parameters);
    expect(() => trackerMaker(tracking)()).not.toThrow();
  });

  it.each([
    [
      { tracker: 'sort', newTrackThreshold: 0.7 },
      'track.newTrackThreshold is not a setting of sort; it is one of botsort and bytetrack',
    ],
    [
      { tracker: 'ocsort', matchThreshold: 0.7 },
      'track.matchThreshold is not a setting of ocsort; it is one of botsort and bytetrack',
    ],
    [
      { tracker: 'bytetrack', cameraMotion: true },
      'track.cameraMotion is not a setting of bytetrack; it is one of botsort',
    ],
    [{ tracker: 'deepsort' }, 'there is no tracker "deepsort"'],
  ])('refuses %j', (track, message) => {
    expect(() => settings(track)).toThrow(message);
  });

  it('counts a buffer in frames where the parameters have a frame rate, as the tracker then does', () => {
    const { tracking } = settings({ tracker: 'bytetrack', bufferSeconds: 2, parameters: { frameRate: 25 } });
    expect(tracking.parameters).toMatchObject({ track_buffer: 50, frame_rate: 25 });
  });

  it('lets parameters have the last word, whatever their spelling', () => {
    const { tracking } = settings({
      tracker: 'bytetrack',
      bufferSeconds: 2,
      parameters: { lostTrackBuffer: 3, trackThresh: 0.55, fuse_score: false },
    });
    expect(tracking.parameters).toEqual({
      track_high_thresh: 0.55,
      track_low_thresh: 0.1,
      track_buffer: 3,
      fuse_score: false,
    });
  });

  it('lets the detector know of thresholds among the parameters', () => {
    expect(settings({ parameters: { track_low_thresh: 0.02 } })).toMatchObject({ detector: 0.02 });
    expect(settings({ parameters: { track_high_thresh: 0.05 } })).toMatchObject({
      detector: 0.05,
      tracking: { parameters: { track_high_thresh: 0.05, track_low_thresh: 0.05 } },
    });
    expect(settings({ tracker: 'sort', parameters: { det_thresh: 0.05 } })).toMatchObject({ detector: 0.05 });
  });

  it('refuses a parameter that is given in two spellings', () => {
    expect(() => settings({ parameters: { track_buffer: 1, trackBuffer: 2 } })).toThrow(
      /track_buffer of botsort is given twice, the second time as "trackBuffer"/,
    );
  });

  it.each([
    [{ track_bufer: 3 }, /no parameter "track_bufer" \(did you mean "track_buffer"\?\)/],
    [{ track_buffer: -1 }, /botsort: option "track_buffer" is -1: expected a number from 0 to 86400/],
    [{ fuse_score: 'yes' }, /botsort: option "fuse_score" is "yes": expected true or false/],
  ])('finds out about wrong parameters before anything runs: %j', (parameters: object, message) => {
    expect(() =>
      trackerMaker(settings({ parameters: parameters as Record<string, number> }).tracking),
    ).toThrow(message);
  });

  it('makes a tracker of its own for each source', () => {
    const make = trackerMaker(settings({}).tracking);
    expect(make()).not.toBe(make());
    expect(make().usesPixels).toBe(false);
    expect(trackerMaker(settings({ cameraMotion: true }).tracking)().usesPixels).toBe(true);
  });

  it('sets what a tracker of somebody else says that it has', () => {
    const options = z.strictObject({ sure: z.number(), patience: z.number().default(9) });
    const nearest: TrackerKind<typeof options> = {
      type: 'nearest',
      doc: 'whatever is nearest',
      options,
      settings: { highThreshold: 'sure', bufferSeconds: 'patience' },
      create: () => createTracker('sort'),
    };
    const own = createTrackerRegistry([...TRACKERS, nearest]);
    const parsed = parseOptions({ sources: ['a'], track: { tracker: 'Nearest', bufferSeconds: 3 } });
    expect(trackerSettings(parsed, 0.4, own)).toEqual({
      detector: 0.1,
      tracking: { tracker: 'nearest', parameters: { sure: 0.4, patience: 3 } },
    });
  });
});
