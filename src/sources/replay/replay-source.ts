/** Sources that deliver the frames of a recording: without pixels, or with those of the video that it was made from. */
import { SightlineError } from '../../errors.js';
import { letterboxFor } from '../../geometry/letterbox.js';
import type { FrameRecord } from '../../record/schema.js';
import type {
  Frame,
  FrameGeometry,
  FramePool,
  FrameRequest,
  FrameSlot,
  FrameStamp,
} from '../../contract/frame.js';
import type { Source, SourceInfo } from '../../contract/source.js';
import type { RecordedSource, Recording } from '../../record/recording.js';

/** What a replayed source is made of. */
export interface ReplaySourceOptions {
  readonly recording: Recording;
  readonly source: RecordedSource;
  /** Told each record before its frame is delivered. */
  readonly expect: (record: FrameRecord) => void;
}

/** Delivers recorded frames as fast as they are taken. Their pixels are whatever the buffers held. */
export function createReplaySource({ recording, source, expect }: ReplaySourceOptions): Source {
  const { head } = source;
  let request: FrameRequest;
  return {
    id: head.source,
    decodeErrors: 0,
    hasPixels: false,
    open(asked) {
      request = asked;
      return Promise.resolve(infoOf(source, asked));
    },
    async *frames(pool, signal) {
      let size: Pick<FrameRecord, 'width' | 'height'> = head;
      for await (const record of recording.frames(head.source, signal)) {
        while (pool.epoch < record.epoch) {
          const changed = record.width !== size.width || record.height !== size.height;
          pool.beginEpoch(changed ? geometryOf(head, record, request.input) : undefined);
          size = record;
        }
        const slot = await pool.acquire(signal);
        expect(record);
        yield slot.publish(stampOf(record));
      }
    },
  };
}

/**
 * Delivers the frames of a video that are in the recording, told by their time, with pixels.
 * @param video the source to take pixels from.
 */
export function createReplayVideoSource(
  { recording, source, expect }: ReplaySourceOptions,
  video: Source,
): Source {
  const { head } = source;
  return {
    id: head.source,
    get decodeErrors() {
      return video.decodeErrors;
    },
    async open(request, signal, report) {
      const info = await video.open(request, signal, report);
      if (info.width !== head.width || info.height !== head.height) {
        throw new SightlineError(
          'ERR_SOURCE_INVALID',
          `"${info.uri}" is ${info.width}x${info.height}, the recording of "${head.source}" was made from ` +
            `${head.width}x${head.height}: give the video that it was made from`,
        );
      }
      // What is written again has the recording's words for its origin, wherever the video lies now.
      return { ...info, uri: head.uri, live: head.live, expectedFrames: source.frames };
    },
    async *frames(pool, signal) {
      const records = recording.frames(head.source, signal)[Symbol.asyncIterator]();
      let next = await records.next();
      const recorded = (epoch: number, ptsUs: number): FrameRecord | undefined =>
        next.done !== true && next.value.epoch === epoch && next.value.ptsUs === ptsUs
          ? next.value
          : undefined;
      try {
        for await (const frame of video.frames(renumbering(pool, recorded), signal)) {
          const record = recorded(frame.epoch, frame.ptsUs);
          if (record === undefined) {
            frame.release();
            if (next.done === true) return;
            if (isAfter(frame, next.value)) throw noSuchFrame(next.value);
            continue;
          }
          expect(record);
          next = await records.next();
          yield frame;
        }
        if (next.done !== true && !signal.aborted) throw noSuchFrame(next.value);
      } finally {
        await records.return?.();
      }
    },
  };
}

function infoOf({ head, frames }: RecordedSource, { input }: FrameRequest): SourceInfo {
  const [num, den] = head.timeBase;
  return {
    id: head.source,
    uri: head.uri,
    live: head.live,
    ...geometryOf(head, head, input),
    timeBase: { num, den },
    ...(head.fps !== undefined && { frameRate: rationalOf(head.fps) }),
    startUs: head.startUs,
    ...(head.durationUs !== undefined && { durationUs: head.durationUs }),
    expectedFrames: head.expectedFrames ?? frames,
    audioCodecs: [],
  };
}

/** What frames of a size look like; all else is as it was at the beginning. */
function geometryOf(
  { pixelAspect: [num, den] }: RecordedSource['head'],
  { width, height }: Pick<FrameRecord, 'width' | 'height'>,
  input: FrameRequest['input'],
): FrameGeometry {
  const pixelAspect = { num, den };
  const letterbox = letterboxFor(input, width, height, pixelAspect);
  return { width, height, pixelAspect, colour: {}, letterbox };
}

/** A fraction that divides to exactly this rate again. */
function rationalOf(fps: number): { num: number; den: number } {
  return { num: fps, den: 1 };
}

function stampOf({ frame, ptsUs, capturedAtMs: capturedAt = 0 }: FrameRecord): FrameStamp {
  return { index: frame, ptsUs, capturedAt };
}

/** Whether a frame of the video comes after a recorded one. */
function isAfter(frame: Pick<Frame, 'epoch' | 'ptsUs'>, { epoch, ptsUs }: FrameRecord): boolean {
  return frame.epoch > epoch || (frame.epoch === epoch && frame.ptsUs > ptsUs);
}

/** Gives frames the numbers that they have in the recording, whatever part of the video that was. */
function renumbering(
  pool: FramePool,
  recorded: (epoch: number, ptsUs: number) => FrameRecord | undefined,
): FramePool {
  const wrap = (slot: FrameSlot): FrameSlot => {
    const { epoch } = pool;
    return {
      input: slot.input,
      ...(slot.image !== undefined && { image: slot.image }),
      publish(stamp) {
        const record = recorded(epoch, stamp.ptsUs);
        return slot.publish(record === undefined ? stamp : stampOf(record));
      },
      discard: () => {
        slot.discard();
      },
    };
  };
  return {
    get capacity() {
      return pool.capacity;
    },
    get epoch() {
      return pool.epoch;
    },
    beginEpoch: (geometry) => pool.beginEpoch(geometry),
    acquire: async (signal) => wrap(await pool.acquire(signal)),
    tryAcquire() {
      const slot = pool.tryAcquire();
      return slot === undefined ? undefined : wrap(slot);
    },
  };
}

function noSuchFrame({ source, frame, ptsUs }: FrameRecord): SightlineError {
  return new SightlineError(
    'ERR_SOURCE_INVALID',
    `the video has no frame at ${(ptsUs / 1e6).toFixed(3)} s, which is frame ${frame} of the recording of "${source}": ` +
      'give the video that it was made from',
  );
}
