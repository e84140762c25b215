/** The composition root of replays: recorded detections through tracker, analytics and sinks, without a model. */
import { stat } from 'node:fs/promises';
import { parseReplay } from '../config/parse.js';
import type { ReplayInput, ReplayOptions } from '../config/schema.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import type { TrackingInfo } from '../contract/tracker.js';
import { SightlineError } from '../errors.js';
import type { TrackerRegistry } from '../tracking/registry.js';
import { assemblePipeline } from '../pipeline/pipeline.js';
import { openRecording, type RecordedSource } from '../record/recording.js';
import type { SinkSource } from '../sinks/sink-kind.js';
import { createFileSource } from '../sources/file/file-source.js';
import { createReplayDetector } from '../sources/replay/replay-detector.js';
import { createReplaySource, createReplayVideoSource } from '../sources/replay/replay-source.js';
import { type Pipeline, withKinds } from './pipeline.js';
import { planSinks } from './plan-sinks.js';
import { concurrencyOf, createTools, type PipelineExtras } from './run-tools.js';
import { analyticsMaker } from './track-parts.js';
import { recordedSettings, trackerSettings } from './tracker-settings.js';

export type { ReplayInput } from '../config/schema.js';

/** Frames that nobody looks at are as small as frames can be. */
const BLIND: InputGeometry = { width: 32, height: 32, pad: 128, kernel: 'area' };
/** Confidence of an object for recordings that do not say theirs. */
const USUAL_CONFIDENCE = 0.5;

/** A source of the recording. */
interface Place extends SinkSource {
  /** Path or address of its video. */
  readonly address: string;
  readonly rules: ReplayOptions['analytics'];
}

/**
 * Prepares a run on what was recorded. With nothing but the recording it makes the same tracks again, bit for bit.
 *
 * The video is only opened if a sink shows images or the tracker looks at them.
 * @typeParam Own options of kinds of the caller's own.
 * @throws SightlineError for options, or a recording or video that cannot be used.
 */
export async function createReplay<Own extends { readonly type: string } = never>(
  input: ReplayInput<NoInfer<Own>>,
  extras: PipelineExtras = {},
): Promise<Pipeline<Own>> {
  const tools = await createTools(input, extras);
  const { kinds, trackers, logger } = tools;
  const options = parseReplay(input, kinds);
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
  const tracking = trackingOf(input, options, head.tracking, trackers);
  const makeTracker = trackers.prepare(tracking.tracker, tracking.parameters);
  const looks = makeTracker().usesPixels;
  const places = placesOf(options, sources);
  const rules = new Map(places.map((place) => [place.id, place.rules]));
  const analytics = analyticsMaker((id) => rules.get(id), head.classes);
  for (const some of [options.analytics, ...rules.values()]) analytics.check(some);
  const plan = planSinks(options, tools);
  const reads = [
    { what: 'recording', file: options.recording },
    ...places.map(({ address }) => ({ what: 'input', file: address })),
    ...tools.reads,
  ];
  await plan.check(places, reads);
  const ownSinks = await Promise.all(
    places.map(async (place) => [place.id, await plan.createOwn(place)] as const),
  );
  const sinks = await plan.createShared();
  const [width, height] = head.input;
  const seen: InputGeometry = { ...BLIND, ...head.letterbox, width, height };
  const detector = createReplayDetector(head, seen, options.classes);
  const shows = await showsImages(
    [...sinks, ...ownSinks.flatMap(([, own]) => own)].filter(({ pixels }) => pixels),
    (sink) => plan.worksBlind(sink),
    () => areThere(options, places),
  );
  const ffmpeg = shows || looks ? await tools.ffmpeg() : undefined;
  const made = sources.map((source, at): Source => {
    const parts = { recording, source, expect: detector.expect.bind(detector) };
    if (ffmpeg === undefined) return createReplaySource(parts);
    const { id, address } = places[at]!;
    return createReplayVideoSource(parts, createFileSource({ id, path: address, ffmpeg, logger }));
  });
  const run = assemblePipeline({
    detector,
    sources: made,
    sinks,
    services: plan.services,
    ownSinks: new Map(ownSinks),
    geometry: looks ? seen : BLIND,
    tracking,
    createTracker: makeTracker,
    createAnalytics: (source) => analytics.create(source),
    framesInFlight: options.framesInFlight,
    concurrency: concurrencyOf(options),
    logger,
  });
  return withKinds<Own>(run, {
    source: () =>
      Promise.reject(new SightlineError('ERR_USAGE', 'a replay has the sources of its recording, no others')),
    remove: (_id, take) => take(),
    async sink(written) {
      const [sink] = parseReplay({ recording: options.recording, sinks: [written] }, kinds).sinks;
      return plan.createAnother(sink!, places, reads);
    },
  });
}

/** @throws SightlineError ERR_USAGE for analytics of a source that is not in the recording. */
function placesOf(
  { sources: own, analytics, video }: Pick<ReplayOptions, 'sources' | 'analytics' | 'video'>,
  recorded: readonly RecordedSource[],
): Place[] {
  const ids = recorded.map(({ head }) => head.source);
  const unknown = own.find(({ id }) => !ids.includes(id));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `the recording has no source "${unknown.id}"; its sources are ${ids.join(', ')}`,
    );
  }
  return recorded.map(({ head: { source: id, uri } }) => {
    const rules = own.find((source) => source.id === id)?.analytics ?? analytics;
    return { id, address: video ?? uri, rules, heatMap: rules?.heatMap !== undefined };
  });
}

/** @param showing sinks that ask for images; those that do without get them if the videos are there. */
async function showsImages(
  showing: readonly Sink[],
  worksBlind: (sink: Sink) => boolean,
  videosAreThere: () => Promise<boolean>,
): Promise<boolean> {
  if (showing.length === 0) return false;
  return !showing.every(worksBlind) || videosAreThere();
}

/** A video that was named counts as there: if it is not, that is an error. */
async function areThere({ video }: Pick<ReplayOptions, 'video'>, places: readonly Place[]): Promise<boolean> {
  if (video !== undefined) return true;
  const found = await Promise.all(places.map(({ address }) => stat(address).catch(() => undefined)));
  return found.every((file) => file?.isFile() === true);
}

/** The recorded tracker with what the caller changes; all of the caller's if it is another tracker. */
function trackingOf(
  { track = {} }: Pick<ReplayInput, 'track'>,
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
