/** The public names of Sightline. */
export {
  BUNDLED_MODEL,
  createPipeline,
  createReplay,
  type OptionsInput,
  type Pipeline,
  type PipelineExtras,
  type ReplayInput,
  type RunExtras,
  VERSION,
} from './app/app.js';
export type { SourceProgress } from './app/app.js';
export type { OwnKinds } from './config/kinds.js';
export type { SinkContext, SinkKind, SinkSource } from './sinks/sink-kind.js';
export type { SourceContext, SourceKind } from './sources/source-kind.js';
/** The zod that options of kinds are described with, so that a module with kinds of its own needs no other package. */
export { z } from 'zod';
export { ERROR_CODES, type ErrorCode, isSightlineError, SightlineError } from './errors.js';
export { createDetector, type DetectorOptions } from './model/detector.js';
export { letterboxFor, letterboxOf } from './geometry/letterbox.js';
export { drawResult } from './sinks/draw/draw-result.js';
export { parseRecord } from './record/read.js';
export { toEventRecord, toFrameRecord } from './record/write.js';
export type { EventRecord } from './record/event-schema.js';
export type { EndRecord, FrameRecord, SightlineRecord, SourceRecord } from './record/schema.js';
export { convertModel } from './model/import/convert-model.js';
export type { ConvertOptions } from './model/import/convert-options.js';
export { exportModel, type ExportOptions } from './model/export/export-model.js';
export { createAnalytics } from './analytics/analytics.js';
export type { AnalyticsConfig, AnalyticsSource } from './analytics/options.js';
export { combineScores, evaluateSequence } from './eval/tracks/evaluate-tracks.js';
export { evaluateDetections } from './eval/detections/evaluate-detections.js';
export { createTracker, createTrackerRegistry, TRACKERS } from './tracking/registry.js';
export type { TrackerKind } from './tracking/tracker-kind.js';
export { interpolateGaps } from './geometry/interpolate-gaps.js';
export { globalTrackId } from './tracking/track-id.js';
export type * from './contract/analytics.js';
export type * from './contract/detector.js';
export type * from './contract/events.js';
export type * from './contract/frame.js';
export type * from './contract/logger.js';
export type * from './contract/picture.js';
export type * from './contract/result.js';
export type * from './contract/run.js';
export type * from './contract/service.js';
export type * from './contract/sink.js';
export type * from './contract/source.js';
export type * from './contract/tracker.js';
