/** From the options of a run to a tracker and its parameters. */
import type { Options } from '../config/schema.js';
import type { TrackingInfo } from '../contract/tracker.js';
import { SightlineError } from '../errors.js';
import { nameParameters, type TrackerRegistry } from '../tracking/registry.js';
import type { SettingNames } from '../tracking/tracker-kind.js';

/** How detections become tracks in a run. */
export interface TrackerSettings {
  /** Least confidence of the detections that the tracker is given. */
  readonly detector: number;
  readonly tracking: TrackingInfo;
}

type Parameters = Record<string, number | boolean | string>;

const LOW_THRESHOLD = 0.1;

/**
 * How the confidence that a user asks for is split between detector and tracker.
 *
 * It is the tracker's threshold for sure detections; a track of ByteTrack begins a little above it. The detector lets
 * weaker boxes through, down to the low threshold: ByteTrack follows half-hidden objects by them, and a recording can be
 * replayed with any tracker. Thresholds by class are kept to the letter: below them nothing passes, and the tracker starts
 * from the lowest of them.
 * @param modelConfidence the model's own.
 * @throws SightlineError ERR_USAGE for an unknown tracker, or a setting or parameter that it does not have.
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
  trackers: TrackerRegistry,
): TrackerSettings {
  const kind = trackers.find(track.tracker);
  const { settings = {} } = kind;
  const asked = detect.confidence ?? modelConfidence;
  const byClass = Object.values(detect.classConfidence ?? {});
  const given: Parameters = nameParameters(kind, track.parameters ?? {});
  const high = numberIn(given, settings.highThreshold) ?? track.highThreshold ?? Math.min(asked, ...byClass);
  const low = Math.min(numberIn(given, settings.lowThreshold) ?? track.lowThreshold ?? LOW_THRESHOLD, high);
  // With a frame rate among the parameters their times are in frames.
  const perSecond = numberIn(given, 'frame_rate') ?? 1;
  const { newTrackThreshold, matchThreshold, bufferSeconds } = track;
  const asSet = {
    newTrackThreshold,
    matchThreshold,
    bufferSeconds: bufferSeconds && bufferSeconds * perSecond,
    cameraMotion: track.cameraMotion || undefined,
  };
  for (const [setting, value] of Object.entries(asSet) as [keyof SettingNames, unknown][]) {
    if (value !== undefined && settings[setting] === undefined)
      throw notASetting(setting, kind.type, trackers);
  }
  const { cameraMotion: motion } = settings;
  const parameters: Parameters = {
    ...named(settings.highThreshold, high),
    ...named(settings.lowThreshold, low),
    ...named(settings.newTrackThreshold, newTrackThreshold),
    ...named(settings.matchThreshold, matchThreshold),
    ...named(settings.bufferSeconds, asSet.bufferSeconds),
    ...named(motion?.parameter, track.cameraMotion ? motion?.on : motion?.off),
    ...given,
  };
  return {
    detector: byClass.length > 0 ? asked : Math.min(asked, low),
    tracking: { tracker: kind.type, parameters },
  };
}

/** What a recorded run was told, as settings of a run again; nothing if its tracker is not known here. */
export function recordedSettings(
  { tracker, parameters }: TrackingInfo,
  { kinds }: TrackerRegistry,
): { readonly high?: number | undefined; readonly low?: number | undefined; readonly cameraMotion: boolean } {
  const { highThreshold, lowThreshold, cameraMotion } =
    kinds.find(({ type }) => type === tracker)?.settings ?? {};
  return {
    high: numberIn(parameters, highThreshold),
    low: numberIn(parameters, lowThreshold),
    cameraMotion: cameraMotion !== undefined && parameters[cameraMotion.parameter] === cameraMotion.on,
  };
}

function numberIn(parameters: TrackingInfo['parameters'], name: string | undefined): number | undefined {
  const value = name === undefined ? undefined : parameters[name];
  return typeof value === 'number' ? value : undefined;
}

function named(name: string | undefined, value: number | string | undefined): Parameters {
  return name === undefined || value === undefined ? {} : { [name]: value };
}

function notASetting(
  setting: keyof SettingNames,
  tracker: string,
  { kinds }: TrackerRegistry,
): SightlineError {
  const others = kinds.filter(({ settings }) => settings?.[setting] !== undefined).map(({ type }) => type);
  return new SightlineError(
    'ERR_USAGE',
    `track.${setting} is not a setting of ${tracker}; it is one of ${others.join(' and ')}`,
  );
}
