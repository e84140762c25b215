/** The public names of Sightline. */
export {
  BUNDLED_MODEL,
  createPipeline,
  type OptionsInput,
  type Pipeline,
  type PipelineExtras,
  VERSION,
} from './app.js';
export type { SourceProgress } from './app.js';
export { ERROR_CODES, type ErrorCode, isSightlineError, SightlineError } from './errors.js';
export { createDetector, type DetectorOptions } from './model/detector.js';
export { letterboxOf } from './letterbox.js';
export { drawResult } from './sinks/draw/draw-result.js';
export { parseRecord } from './read-record.js';
export { toFrameRecord } from './record.js';
export { createByteTracker, type ByteTrackOptions } from './tracking/byte-tracker.js';
export type * from './types.js';
