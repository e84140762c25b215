/** Sources, detectors and sinks in memory, for tests of the pipeline between them. */
import { SightlineError } from '../../src/errors.js';
import type { DetectedFrame, Detector, DetectorInfo, ModelInput } from '../../src/contract/detector.js';
import type { Logger } from '../../src/contract/logger.js';
import type { SourceOutcome } from '../../src/contract/run.js';
import type { Sink } from '../../src/contract/sink.js';
import type { Source } from '../../src/contract/source.js';
import type { Tracker } from '../../src/contract/tracker.js';
import type { Detection } from '../../src/contract/detector.js';
import type { Frame } from '../../src/contract/frame.js';
import type { FrameResult } from '../../src/contract/result.js';
import type { SourceInfo } from '../../src/contract/source.js';

/** A 4 × 4 model picture. */
export const GEOMETRY = { width: 4, height: 4, pad: 128, kernel: 'area' } as const;

/** A description of an 8 × 6 file source. */
export function sourceInfo(id: string): SourceInfo {
  return {
    id,
    uri: `${id}.mp4`,
    live: false,
    width: 8,
    height: 6,
    pixelAspect: { num: 1, den: 1 },
    timeBase: { num: 1, den: 1000 },
    startUs: 0,
    audioCodecs: [],
    colour: {},
    letterbox: {
      inputWidth: 4,
      inputHeight: 4,
      x: 0,
      y: 0,
      width: 4,
      height: 3,
      sourceWidth: 8,
      sourceHeight: 6,
    },
  };
}

/** A source of `count` frames whose first model byte is the frame's index; it may fail at the end. */
export function countingSource(
  id: string,
  count: number,
  failure?: Error,
): Source & { readonly delivered: number } {
  let delivered = 0;
  return {
    id,
    decodeErrors: 0,
    get delivered() {
      return delivered;
    },
    open: () => Promise.resolve(sourceInfo(id)),
    async *frames(pool, signal): AsyncGenerator<Frame> {
      for (let index = 0; index < count; index++) {
        if (signal.aborted) return;
        const slot = await pool.acquire(signal);
        slot.input[0] = index;
        delivered++;
        yield slot.publish({ index, ptsUs: index * 40_000, capturedAt: 0 });
      }
      if (failure !== undefined) throw failure;
    },
  };
}

/** A detector that answers with what `answer` makes of each batch; it counts overlapping calls. */
export function scriptedDetector(
  maxBatch: number,
  answer: (inputs: readonly ModelInput[], call: number) => Promise<readonly DetectedFrame[]> = nothingFound,
): Detector & { readonly batches: number[]; readonly mostAtOnce: number } {
  const info: DetectorInfo = {
    model: 'scripted',
    backend: 'none',
    device: 'none',
    precision: 'none',
    version: '0',
    reason: 'a test',
    geometry: GEOMETRY,
    classes: ['thing'],
    maxBatch,
  };
  const batches: number[] = [];
  let underway = 0;
  let mostAtOnce = 0;
  return {
    info,
    batches,
    get mostAtOnce() {
      return mostAtOnce;
    },
    async detect(inputs) {
      batches.push(inputs.length);
      mostAtOnce = Math.max(mostAtOnce, ++underway);
      try {
        return await answer(inputs, batches.length - 1);
      } finally {
        underway--;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** No detections for any input. */
export function nothingFound(inputs: readonly ModelInput[]): Promise<DetectedFrame[]> {
  return Promise.resolve(inputs.map(() => ({ detections: [], invalid: 0 })));
}

/** The error that tells that a batch went down with the inference process. */
export function lost(): SightlineError {
  return new SightlineError('ERR_INFERENCE_LOST', 'the inference process died');
}

/** A tracker that turns each detection into a track. */
export function echoTracker(): Tracker {
  return {
    usesPixels: false,
    flush: () => [],
    update: (detections: readonly Detection[]) => ({
      tracks: detections.map((detection, at) => ({
        ...detection,
        trackId: at + 1,
        state: 'confirmed' as const,
        ageUs: 0,
        velocity: { x: 0, y: 0 },
      })),
      ended: [],
    }),
  };
}

/** A sink that remembers what it was given; `write` may be slow or fail. */
export function rememberingSink(
  name: string,
  policy: Sink['policy'],
  write: (result: FrameResult) => Promise<void> = () => Promise.resolve(),
): Sink & { readonly seen: number[]; readonly outcomes: SourceOutcome[]; closed: number } {
  const seen: number[] = [];
  const outcomes: SourceOutcome[] = [];
  const sink = {
    name,
    policy,
    pixels: false,
    seen,
    outcomes,
    closed: 0,
    open: () =>
      Promise.resolve({
        async write(result: FrameResult) {
          await write(result);
          seen.push(result.frame.index);
        },
        end(outcome: SourceOutcome) {
          outcomes.push(outcome);
          return Promise.resolve();
        },
      }),
    close() {
      sink.closed++;
      return Promise.resolve();
    },
  };
  return sink;
}

/** A logger that keeps its lines. */
export function listeningLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const log = (_fields: object, message: string): void => {
    lines.push(message);
  };
  return { lines, debug: log, info: log, warn: log, error: log };
}
