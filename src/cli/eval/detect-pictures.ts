/** Sends the pictures of a data set through the pipeline that videos go through. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPipeline, type OptionsInput, type Pipeline } from '../../app/app.js';
import type { Detection } from '../../contract/detector.js';
import { isSightlineError, SightlineError } from '../../errors.js';
import { type ImageSize, readImageSize } from '../../eval/datasets/image-size.js';
import { writeUprightCopy } from '../../eval/datasets/upright-copy.js';
import { isOfOtherSize, layOnLabels } from '../../eval/detections/lay-on-labels.js';
import type { Bbox, LabelledImage } from '../../eval/labels.js';
import { EXIT } from '../exit-codes.js';
import { STOPPING } from '../run-pipeline.js';
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

/** Pictures under way: one is decoded on each core while the next is prepared. */
const AT_ONCE = 2 * availableParallelism();

/** Some kinds of these are not decoded by ffmpeg, and others not as they are looked at. */
const TIFF = /\.tiff?$/i;

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
  const pipeline = await createPipeline({ ...options, sources: [] }, { keepsRunning: true });
  // There are no scores of a part; what was started ends with us.
  const onSignal = (): never => {
    rmSync(copies, { recursive: true, force: true });
    process.exit(EXIT.interrupted);
  };
  for (const signal of STOPPING) process.on(signal, onSignal);
  const copies = mkdtempSync(join(tmpdir(), 'sightline-pictures-'));
  const detector = new PictureDetector(pipeline, copies);
  const outcomes: PictureOutcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < images.length; at = next++)
      outcomes[at] = await detector.detect(images[at]!, at);
  };
  try {
    const running = pipeline.run();
    const working = Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => {
      pipeline.stop();
    });
    // What ended the run says more than that a picture came too late for it.
    const [run, fed] = await Promise.allSettled([running, working]);
    if (run.status === 'rejected') throw run.reason;
    if (fed.status === 'rejected') throw fed.reason;
    const { model, backend, device, precision } = run.value.detector;
    detector.sayOtherSizes(images.length);
    return { outcomes, what: `${model} (${backend} ${device}, ${precision})` };
  } finally {
    for (const signal of STOPPING) process.off(signal, onSignal);
    await rm(copies, { recursive: true, force: true });
  }
}

/** Puts one picture after another into a run. */
class PictureDetector {
  readonly #pipeline: Pipeline;
  /** For upright copies of pictures. */
  readonly #folder: string;
  readonly #detections = new Map<string, readonly Detection[]>();
  /** What waits for the end of a source. */
  readonly #ends = new Map<string, () => void>();
  /** Pictures of another size than their labels say. */
  readonly #others: (readonly [LabelledImage, ImageSize])[] = [];

  constructor(pipeline: Pipeline, folder: string) {
    this.#pipeline = pipeline;
    this.#folder = folder;
    pipeline.results.subscribe(({ frame, detections }) => {
      this.#detections.set(frame.sourceId, detections);
    });
    pipeline.statuses.subscribe(({ sourceId, state }) => {
      if (state === 'ended' || state === 'failed') this.#ends.get(sourceId)?.();
    });
  }

  /** @param at position of the picture: several may have one name. */
  async detect(image: LabelledImage, at: number): Promise<PictureOutcome> {
    const { file = '', unreadable } = image;
    if (unreadable !== undefined) return { unreadable };
    // A picture that only ffmpeg can read is of a format without an orientation.
    const picture = await readImageSize(file).catch(() => undefined);
    const isTurned = picture !== undefined && picture.orientation !== 1;
    const isCopied = isTurned || TIFF.test(file);
    const copy = isCopied ? await writeUprightCopy(file, this.#folder).catch(() => undefined) : undefined;
    if (isTurned && copy === undefined) return { unreadable: `"${file}" is damaged` };
    if (picture !== undefined && isOfOtherSize({ labelled: image, picture }))
      this.#others.push([image, picture]);
    const detections = await this.#detectIn(copy ?? file, String(at));
    if (copy !== undefined) await rm(copy, { force: true });
    if ('unreadable' in detections) return detections;
    const turn = picture === undefined ? undefined : layOnLabels({ labelled: image, picture });
    return {
      found: detections.found.map(({ box, label, confidence }) => {
        const bbox = [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1] as const;
        return { label, confidence, bbox: turn?.(bbox) ?? bbox };
      }),
    };
  }

  async #detectIn(
    path: string,
    id: string,
  ): Promise<{ readonly found: readonly Detection[] } | { readonly unreadable: string }> {
    const ended = new Promise<void>((resolve) => this.#ends.set(id, resolve));
    await this.#pipeline.addSource({ type: 'file', id, path, maxFrames: 1 });
    await ended;
    this.#ends.delete(id);
    const { outcome, error } = await this.#pipeline.removeSource(id);
    const found = this.#detections.get(id);
    this.#detections.delete(id);
    if (outcome === 'stopped') throw new SightlineError('ERR_ABORTED', `"${path}" was not finished`);
    if (found !== undefined) {
      if (error !== undefined) say(`warning: ${error.message}; what could be decoded is scored\n`);
      return { found };
    }
    if (error !== undefined && !(isSightlineError(error) && error.code.startsWith('ERR_SOURCE_')))
      throw error;
    return { unreadable: error?.message ?? `nothing came of "${path}"` };
  }

  /** @param count number of all pictures. */
  sayOtherSizes(count: number): void {
    const [first] = this.#others;
    if (first === undefined) return;
    const [labelled, { width, height }] = first;
    say(
      `warning: ${this.#others.length} of ${count} pictures have another size than the ground truth says, so boxes may not fit: ` +
        `"${labelled.file}" is ${width}x${height}, not ${labelled.width}x${labelled.height}\n`,
    );
  }
}
