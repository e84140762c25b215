/** The composition root of replays: recorded detections through tracker, analytics and sinks, without a model. */
import { stat } from 'node:fs/promises';
import { parseReplay } from '../config/parse.js';
import type { ReplayInput, ReplayOptions } from '../config/schema.js';
import { SightlineError } from '../errors.js';
import { type FfmpegInstallation, findFfmpeg } from '../ffmpeg/find-ffmpeg.js';
import {
  checkDistinctOutputs,
  checkHeatMaps,
  checkNotRead,
  type NamedInput,
  ownSinksOf,
  sharedOutputs,
} from './outputs.js';
import { assemblePipeline, type Pipeline } from '../pipeline/pipeline.js';
import { openRecording, type RecordedSource } from '../record/recording.js';
import { createReplayDetector } from '../sources/replay/replay-detector.js';
import { createReplaySource, createReplayVideoSource } from '../sources/replay/replay-source.js';
import { SILENT_LOGGER } from '../contract/logger.js';
import { createFileSource } from '../sources/file/file-source.js';
import { createTrackerRegistry, TRACKERS, type TrackerRegistry } from '../tracking/registry.js';
import { analyticsMaker, type PipelineExtras } from './track-parts.js';
import { recordedSettings, trackerSettings } from './tracker-settings.js';
import type { Detector } from '../contract/detector.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { Source } from '../contract/source.js';
import type { TrackingInfo } from '../contract/tracker.js';

export type { ReplayInput } from '../config/schema.js';

/** Frames that nobody looks at are as small as frames can be. */
const BLIND: InputGeometry = { width: 32, height: 32, pad: 128, kernel: 'area' };
/** Confidence of an object for recordings that do not say theirs. */
const USUAL_CONFIDENCE = 0.5;

/**
 * Prepares a run on what was recorded. With nothing but the recording it makes the same tracks again, bit for bit.
 *
 * The video is only opened if an output shows pictures or the tracker looks at them.
 * @throws SightlineError for options, or a recording or video that cannot be used.
 */
export async function createReplay(input: ReplayInput, extras: PipelineExtras = {}): Promise<Pipeline> {
  const options = parseReplay(input);
  const logger = extras.logger ?? SILENT_LOGGER;
  const recording = await openRecording(options.recording);
  const { sources, cutAt } = recording;
  if (cutAt !== undefined)
    logger.warn({}, `${cutAt}: the last line is cut, as a run that was killed leaves it; it is left out`);
  const [{ head }] = sources as [RecordedSource];
  if (options.video !== undefined && sources.length > 1) {
    throw new SightlineError(
      'ERR_USAGE',
      `the recording has ${sources.length} sources; leave the video out, and each is read from where its record says`,
    );
  }
  const trackers = createTrackerRegistry([...TRACKERS, ...(extras.trackers ?? [])]);
  const tracking = trackingOf(input, options, head.tracking, trackers);
  const makeTracker = trackers.prepare(tracking.tracker, tracking.parameters);
  const ids = sources.map((source) => source.head.source);
  const makeAnalytics = analyticsMaker(options, ids, head.classes);
  const looks = makeTracker().usesPixels;
  const places = sources.map((source) => ({
    id: source.head.source,
    input: options.video ?? source.head.uri,
  }));
  const shows = await showsPictures(options, places);
  checkDistinctOutputs(options, places);
  checkHeatMaps(options, ids);
  await checkNotRead(options, places, [options.recording], 'recording');
  const [width, height] = head.input;
  const seen = { ...BLIND, width, height };
  const detector = createReplayDetector(head, seen, options.classes);
  const ffmpeg = shows || looks ? await findFfmpeg() : undefined;
  const made = sources.map((source, at): Source => {
    const parts = { recording, source, expect: detector.expect.bind(detector) };
    if (ffmpeg === undefined) return createReplaySource(parts);
    return createReplayVideoSource(parts, videoOf(places[at]!, ffmpeg, logger));
  });
  const { sinks, services } = sharedOutputs(options, logger);
  return assemblePipeline({
    detector: detector satisfies Detector,
    sources: made,
    sinks: [...sinks, ...(extras.sinks ?? [])],
    services,
    ownSinks: new Map(places.map((place) => [place.id, ownSinksOf(place, options, ffmpeg, logger)])),
    geometry: looks ? seen : BLIND,
    tracking,
    createTracker: makeTracker,
    createAnalytics: makeAnalytics,
    framesInFlight: options.framesInFlight,
    concurrency: options.concurrency,
    logger,
  });
}

/** A heat map is glad of a picture to lie on, but does without if the video is not there any more. */
async function showsPictures(
  { output, video }: Pick<ReplayOptions, 'output' | 'video'>,
  places: readonly NamedInput[],
): Promise<boolean> {
  if (output.video !== undefined || output.serve !== undefined) return true;
  if (output.heatMap === undefined) return false;
  if (video !== undefined) return true;
  const found = await Promise.all(places.map(({ input }) => stat(input).catch(() => undefined)));
  return found.every((file) => file?.isFile() === true);
}

function videoOf({ id, input }: NamedInput, ffmpeg: FfmpegInstallation, logger: Logger): Source {
  return createFileSource({ id, path: input, ffmpeg, logger });
}

/** The recorded tracker with what the caller changes; all of the caller's if it is another tracker. */
function trackingOf(
  { track = {} }: ReplayInput,
  options: ReplayOptions,
  recorded: TrackingInfo | undefined,
  trackers: TrackerRegistry,
): TrackingInfo {
  const before = recorded && recordedSettings(recorded, trackers);
  const tracker = track.tracker ?? recorded?.tracker ?? options.track.tracker;
  const same = trackers.find(tracker).type === recorded?.tracker;
  const { tracking } = trackerSettings(
    {
      detect: { confidence: options.confidence },
      track: {
        ...options.track,
        tracker,
        lowThreshold: options.track.lowThreshold ?? before?.low,
        cameraMotion: track.cameraMotion ?? (same && before?.cameraMotion === true),
      },
    },
    before?.high ?? USUAL_CONFIDENCE,
    trackers,
  );
  return same ? { ...tracking, parameters: { ...recorded.parameters, ...tracking.parameters } } : tracking;
}
