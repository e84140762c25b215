import { SightlineError } from '../../errors.js';
import type { DetectionRecord, FrameRecord, SourceRecord } from '../../record/schema.js';
import type { Detector, DetectorInfo } from '../../contract/detector.js';
import type { FrameKey } from '../../contract/frame.js';
import type { Detection } from '../../contract/detector.js';

/** Gives back what was found before instead of looking at pixels. */
export interface ReplayDetector extends Detector {
  /** Says what was recorded for a frame that is about to be delivered. */
  expect(record: FrameRecord): void;
}

/** Most frames of one call. There is nothing to be gained from more. */
const MAX_BATCH = 16;

/**
 * A detector for replays. Holds the detections of the frames that are underway, and no others.
 * @param head what the recording says about the detector that it was made with.
 * @param classes names of the classes to use; all if not given.
 * @throws SightlineError ERR_USAGE for a class that the recording does not know.
 */
export function createReplayDetector(
  head: SourceRecord,
  geometry: DetectorInfo['geometry'],
  classes?: readonly string[],
): ReplayDetector {
  const keep = filterOf(head.classes, classes);
  const underway = new Map<string, readonly Detection[]>();
  return {
    info: {
      model: head.model,
      backend: head.backend,
      device: head.device,
      precision: head.precision,
      version: head.backendVersion,
      reason: 'detections come from a recording',
      geometry,
      classes: head.classes,
      maxBatch: MAX_BATCH,
      replayed: true,
    },
    expect(record) {
      const { source, epoch, frame } = record;
      underway.set(
        keyOf({ sourceId: source, epoch, index: frame }),
        record.detections.filter(keep).map(toDetection),
      );
    },
    detect(inputs) {
      const found = inputs.map(({ frame }) => {
        const key = frame === undefined ? '' : keyOf(frame);
        const detections = underway.get(key);
        underway.delete(key);
        if (detections === undefined) throw new Error(`frame ${key} is not part of the recording`);
        return { detections, invalid: 0 };
      });
      return Promise.resolve(found);
    },
    close: () => Promise.resolve(),
  };
}

function keyOf({ sourceId, epoch, index }: FrameKey): string {
  return `${sourceId}/${epoch}/${index}`;
}

function toDetection({ class: label, classId, confidence, box }: DetectionRecord): Detection {
  const [x1, y1, x2, y2] = box;
  return { label, classId, confidence, box: { x1, y1, x2, y2 } };
}

function filterOf(
  known: readonly string[],
  classes: readonly string[] = known,
): (detection: DetectionRecord) => boolean {
  const unknown = classes.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `the recording has no class "${unknown}"; its classes are ${known.join(', ')}`,
    );
  }
  const wanted = new Set(classes);
  return ({ class: label }) => wanted.has(label);
}
