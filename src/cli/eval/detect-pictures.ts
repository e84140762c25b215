/** Sends the pictures of a data set through the pipeline that videos go through. */
import { createPipeline, type OptionsInput } from '../../app/app.js';
import type { Detection } from '../../contract/detector.js';
import { SightlineError } from '../../errors.js';
import { type ImageSize, readImageSize } from '../../eval/datasets/image-size.js';
import { inTurns } from '../../eval/datasets/in-turns.js';
import { isOfOtherSize, layOnLabels } from '../../eval/detections/lay-on-labels.js';
import type { Bbox, LabelledImage } from '../../eval/labels.js';
import { say } from '../terminal.js';

/** One object, where the labels of its picture would have it. */
export interface PictureDetection {
  readonly label: string;
  readonly bbox: Bbox;
  readonly confidence: number;
}

/** What became of a picture: what was found, or why nothing could be. */
export type PictureOutcome =
  { readonly found: readonly PictureDetection[] } | { readonly unreadable: string };

interface Seen {
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
}

/**
 * Finds objects in pictures. One that cannot be decoded ends nothing.
 * @param images each with its `file`.
 * @returns an outcome for each, and what detected them, in words.
 * @throws SightlineError for whatever is wrong besides pictures.
 */
export async function detectInPictures(
  images: readonly LabelledImage[],
  options: Omit<OptionsInput, 'sources'>,
): Promise<{ readonly outcomes: readonly PictureOutcome[]; readonly what: string }> {
  const seen = new Map<string, Seen>();
  const failed = new Map<string, { readonly code: string; readonly reason: string }>();
  // Pictures may have the same name, so they go by their numbers.
  const inputs = images.flatMap(({ file, name, unreadable }, image) =>
    unreadable === undefined
      ? [{ type: 'file' as const, id: String(image), path: file ?? name, maxFrames: 1 }]
      : [],
  );
  if (inputs.length === 0)
    return { outcomes: images.map((image) => outcomeOfUnread(image)), what: 'nothing' };
  const pipeline = await createPipeline({ ...options, sources: inputs });
  pipeline.results.subscribe(({ frame, detections }) => {
    seen.set(frame.sourceId, { width: frame.width, height: frame.height, detections });
  });
  // The summary of a run forgets the first of more than a thousand sources.
  pipeline.statuses.subscribe(({ sourceId, state, code = '', reason = '' }) => {
    if (state === 'failed') failed.set(sourceId, { code, reason });
  });
  const { sources, detector } = await pipeline.run();
  const stopped = sources.find(({ outcome }) => outcome === 'stopped');
  if (stopped !== undefined) throw new SightlineError('ERR_ABORTED', `"${stopped.uri}" was not finished`);
  const fault = sources.find(({ id }) => failed.get(id)?.code.startsWith('ERR_SOURCE_') === false);
  if (fault !== undefined) throw fault.error ?? new SightlineError('ERR_ABORTED', fault.uri);
  const sizes = await inTurns(images, sizeOf);
  sayOtherSizes(images, sizes);
  return {
    outcomes: images.map((image, at): PictureOutcome => {
      const result = seen.get(String(at));
      if (result !== undefined) return { found: laidOnLabels(result, image, sizes[at]) };
      return outcomeOfUnread(image, failed.get(String(at))?.reason);
    }),
    what: `${detector.model} (${detector.backend} ${detector.device}, ${detector.precision})`,
  };
}

function outcomeOfUnread({ file, name, unreadable }: LabelledImage, reason?: string): PictureOutcome {
  return { unreadable: unreadable ?? reason ?? `nothing came of "${file ?? name}"` };
}

/** @returns undefined for a picture that only ffmpeg can read; such formats have no orientation. */
async function sizeOf({ file = '' }: LabelledImage): Promise<ImageSize | undefined> {
  return readImageSize(file).catch(() => undefined);
}

function laidOnLabels(
  { detections, ...frame }: Seen,
  labelled: LabelledImage,
  picture: ImageSize | undefined,
): PictureDetection[] {
  const turn = picture === undefined ? undefined : layOnLabels({ labelled, picture, frame });
  return detections.map(({ box, label, confidence }) => {
    const bbox = [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1] as const;
    return { label, confidence, bbox: turn?.(bbox) ?? bbox };
  });
}

function sayOtherSizes(images: readonly LabelledImage[], sizes: readonly (ImageSize | undefined)[]): void {
  const others = images.flatMap((labelled, at) => {
    const picture = sizes[at];
    if (picture === undefined || labelled.unreadable !== undefined) return [];
    return isOfOtherSize({ labelled, picture }) ? [{ labelled, picture }] : [];
  });
  const [first] = others;
  if (first === undefined) return;
  const { labelled, picture } = first;
  say(
    `warning: ${others.length} of ${images.length} pictures have another size than the ground truth says, so boxes may not fit: ` +
      `"${labelled.file}" is ${picture.width}x${picture.height}, not ${labelled.width}x${labelled.height}\n`,
  );
}
