/** Makes the values that sinks are given. */
import type { DetectorInfo } from '../../src/contract/detector.js';
import type { RunSummary, SourceSummary } from '../../src/contract/run.js';
import type { Detection } from '../../src/contract/detector.js';
import type { Frame } from '../../src/contract/frame.js';
import type { PixelBuffer } from '../../src/contract/picture.js';
import type { FrameResult } from '../../src/contract/result.js';
import type { SourceInfo } from '../../src/contract/source.js';
import type { Track } from '../../src/contract/tracker.js';

const letterbox = {
  inputWidth: 416,
  inputHeight: 416,
  x: 0,
  y: 91,
  width: 416,
  height: 234,
  sourceWidth: 768,
  sourceHeight: 432,
};

/** What a 768 × 432 file says about itself. */
export function sourceInfo(changes: Partial<SourceInfo> = {}): SourceInfo {
  return {
    id: 'cars',
    uri: 'clips/cars.mp4',
    live: false,
    width: 768,
    height: 432,
    pixelAspect: { num: 1, den: 1 },
    timeBase: { num: 1, den: 12800 },
    frameRate: { num: 25, den: 2 },
    startUs: 0,
    durationUs: 30_160_000,
    expectedFrames: 377,
    audioCodecs: [],
    colour: {},
    letterbox,
    ...changes,
  };
}

/** A detector of six classes. */
export function detectorInfo(): DetectorInfo {
  return {
    model: 'street-b0',
    backend: 'onnxruntime',
    device: 'cpu',
    precision: 'float32',
    version: '1.30.0',
    reason: 'the only device here',
    geometry: { width: 416, height: 416, pad: 128, kernel: 'bicubic' },
    classes: ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck'],
    maxBatch: 4,
  };
}

/** One car. */
export function detection(changes: Partial<Detection> = {}): Detection {
  return {
    box: { x1: 100.25, y1: 80.5, x2: 220.75, y2: 160.01 },
    classId: 2,
    label: 'car',
    confidence: 0.8731,
    ...changes,
  };
}

/** One followed car. */
export function track(changes: Partial<Track> = {}): Track {
  return {
    ...detection(),
    trackId: 1,
    state: 'confirmed',
    ageUs: 480_000,
    velocity: { x: 31.5, y: -2.25 },
    ...changes,
  };
}

/** A result without pixels unless a picture is given. */
export function frameResult(
  index: number,
  changes: Partial<Omit<FrameResult, 'frame'>> & {
    readonly sourceId?: string;
    readonly picture?: PixelBuffer;
    readonly ptsUs?: number;
  } = {},
): FrameResult {
  const { sourceId = 'cars', picture, ptsUs = index * 80_000, ...rest } = changes;
  const width = picture?.width ?? 768;
  const height = picture?.height ?? 432;
  const frame: Frame = {
    sourceId,
    epoch: 0,
    geometry: { width, height, pixelAspect: { num: 1, den: 1 }, colour: {}, letterbox },
    index,
    ptsUs,
    capturedAt: 1_700_000_000_000 + index * 80,
    width,
    height,
    letterbox,
    input: { format: 'rgb24', width: 416, height: 416, data: new Uint8Array(0) },
    image: picture,
    retain: () => frame,
    release: () => undefined,
  };
  return {
    frame,
    detections: [detection()],
    tracks: [track()],
    ended: [],
    timing: { queueMs: 2, inferenceMs: 20, trackMs: 1 },
    ...rest,
  };
}

/** What became of one source. */
export function sourceSummary(changes: Partial<SourceSummary> = {}): SourceSummary {
  return {
    id: 'cars',
    uri: 'clips/cars.mp4',
    outcome: 'completed',
    frames: {
      decoded: 377,
      emitted: 377,
      failed: 0,
      inFlight: 0,
      dropped: { 'inference-lost': 0, overload: 0, stopped: 0 },
    },
    stalls: 0,
    reconnects: 0,
    decodeErrors: 0,
    invalidAnchors: 0,
    detections: 1200,
    tracks: 12,
    mediaUs: 30_080_000,
    sinks: [],
    ...changes,
  };
}

/** What became of a run. */
export function runSummary(...sources: readonly SourceSummary[]): RunSummary {
  return { detector: detectorInfo(), sources, closing: [], inferenceRestarts: 0, elapsedMs: 12_345 };
}
