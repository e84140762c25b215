/** The public names of Sightline. */
export {
  BUNDLED_MODEL,
  createPipeline,
  createReplay,
  type OptionsInput,
  type Pipeline,
  type PipelineExtras,
  type ReplayInput,
  VERSION,
} from './app.js';
export type { SourceProgress } from './app.js';
export { ERROR_CODES, type ErrorCode, isSightlineError, SightlineError } from './errors.js';
export { createDetector, type DetectorOptions } from './model/detector.js';
export { letterboxOf } from './letterbox.js';
export { drawResult } from './sinks/draw/draw-result.js';
export { parseRecord } from './read-record.js';
export { toFrameRecord } from './record.js';
export { convertModel, type ConvertOptions } from './model/convert/convert-model.js';
export { exportModel, type ExportOptions } from './model/convert/export-model.js';
export { createAnalytics } from './analytics/analytics.js';
export type { AnalyticsConfig, AnalyticsSource } from './analytics/config.js';
export { combineScores, evaluateSequence } from './eval/tracks/evaluate-tracks.js';
export { evaluateDetections } from './eval/detections/evaluate-detections.js';
export { createByteTracker, type ByteTrackOptions } from './tracking/byte-tracker.js';
export { createTracker } from './tracking/tracker.js';
export { fillGaps } from './fill-gaps.js';
export { globalTrackId } from './tracking/track-id.js';
export { toEventRecord } from './event-record.js';
export type * from './events.js';
export type * from './stages.js';
export type * from './types.js';
