/** From the options of a run to a tracker and its parameters. */
import type { Options } from '../config/schema.js';
import { SightlineError } from '../errors.js';
import { parameterNameOf, type TrackerName, trackerNameOf } from '../tracking/tracker-options.js';
import type { TrackingInfo } from '../contract/tracker.js';

/** How detections become tracks in a run. */
export interface TrackerSettings {
  /** Least confidence of the detections that the tracker is given. */
  readonly detector: number;
  readonly tracking: TrackingInfo;
}

/** Name of a setting of `track` in each tracker; a tracker that is not named does not have it. */
const PARAMETERS = {
  highThreshold: {
    bytetrack: 'track_high_thresh',
    botsort: 'track_high_thresh',
    ocsort: 'det_thresh',
    sort: 'det_thresh',
  },
  lowThreshold: {
    bytetrack: 'track_low_thresh',
    botsort: 'track_low_thresh',
    ocsort: 'track_low_thresh',
  },
  newTrackThreshold: { bytetrack: 'new_track_thresh', botsort: 'new_track_thresh' },
  matchThreshold: { bytetrack: 'match_thresh', botsort: 'match_thresh' },
  bufferSeconds: { bytetrack: 'track_buffer', botsort: 'track_buffer', ocsort: 'max_age', sort: 'max_age' },
} as const satisfies Record<string, Partial<Record<TrackerName, string>>>;

type Setting = keyof typeof PARAMETERS;

const LOW_THRESHOLD = 0.1;

/**
 * How the confidence that a user asks for is split between detector and tracker.
 *
 * It is the tracker's threshold for sure detections; a track of ByteTrack begins a little above it. The detector lets
 * weaker boxes through, down to the low threshold: ByteTrack follows half-hidden objects by them, and a recording can be
 * replayed with any tracker. Thresholds by class are kept to the letter: below them nothing passes, and the tracker starts
 * from the lowest of them.
 * @param modelConfidence the model's own.
 * @throws SightlineError ERR_USAGE for an unknown tracker, or a setting that it does not have.
 */
export function trackerSettings(
  {
    detect,
    track,
  }: {
    readonly detect: Pick<Options['detect'], 'confidence' | 'classConfidence'>;
    readonly track: Options['track'];
  },
  modelConfidence: number,
): TrackerSettings {
  const name = trackerNameOf(track.tracker);
  const asked = detect.confidence ?? modelConfidence;
  const byClass = Object.values(detect.classConfidence ?? {});
  const given = givenParameters(name, track.parameters);
  const number = (parameter: string | undefined): number | undefined => {
    const value = parameter === undefined ? undefined : given.get(parameter);
    return typeof value === 'number' ? value : undefined;
  };
  const high = number(PARAMETERS.highThreshold[name]) ?? track.highThreshold ?? Math.min(asked, ...byClass);
  const lowest = number(name === 'sort' ? undefined : PARAMETERS.lowThreshold[name]) ?? track.lowThreshold;
  const low = Math.min(lowest ?? LOW_THRESHOLD, high);
  const parameters: Record<string, number | boolean | string> = {};
  const set = (setting: Setting, value: number | undefined): void => {
    if (value !== undefined) parameters[parameterOf(setting, name)] = value;
  };
  set('highThreshold', high);
  if (name !== 'sort') set('lowThreshold', low);
  set('newTrackThreshold', track.newTrackThreshold);
  set('matchThreshold', track.matchThreshold);
  // With a frame rate among the parameters their times are in frames.
  const perSecond = number('frame_rate') ?? 1;
  set('bufferSeconds', track.bufferSeconds === undefined ? undefined : track.bufferSeconds * perSecond);
  if (name === 'botsort') parameters['gmc_method'] = track.cameraMotion ? 'sparseOptFlow' : 'none';
  else if (track.cameraMotion)
    throw new SightlineError(
      'ERR_USAGE',
      `track.cameraMotion is not a setting of ${name}; it is one of botsort`,
    );
  return {
    detector: byClass.length > 0 ? asked : Math.min(asked, low),
    tracking: { tracker: name, parameters: { ...parameters, ...Object.fromEntries(given) } },
  };
}

/** Parameters by the names that they have here. */
function givenParameters(
  tracker: TrackerName,
  parameters: Options['track']['parameters'] = {},
): ReadonlyMap<string, number | boolean | string> {
  const given = new Map<string, number | boolean | string>();
  for (const [key, value] of Object.entries(parameters)) {
    const parameter = parameterNameOf(key);
    if (given.has(parameter)) {
      throw new SightlineError(
        'ERR_USAGE',
        `${parameter} of ${tracker} is given twice, the second time as "${key}"`,
      );
    }
    given.set(parameter, value);
  }
  return given;
}

function parameterOf(setting: Setting, name: TrackerName): string {
  const known: Partial<Record<TrackerName, string>> = PARAMETERS[setting];
  const parameter = known[name];
  if (parameter !== undefined) return parameter;
  throw new SightlineError(
    'ERR_USAGE',
    `track.${setting} is not a setting of ${name}; it is one of ${Object.keys(known).join(' and ')}`,
  );
}
