import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { LabelledImages } from '../labels.js';
import { parseCoco } from './coco.js';
import { kindOf, readText } from './read-file.js';
import { readVoc } from './voc.js';
import { readYolo } from './yolo.js';

/** Where to look for what. */
export interface TruthOptions {
  /** Folder of the pictures that COCO ground truth names. */
  readonly images?: string;
  /** Which part of a data set of YOLO or VOC. */
  readonly split?: string;
}

/**
 * Reads ground truth for detection and finds out what it is: `.json` is COCO, `.yaml` is YOLO, a folder is VOC if there
 * are annotations in XML, else YOLO.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID.
 */
export async function readDetectionTruth(path: string, options: TruthOptions): Promise<LabelledImages> {
  const kind = await kindOf(path);
  if (kind === 'nothing')
    throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: "${path}" does not exist`);
  const truth = await (kind === 'folder' ? readFolder(path, options) : readSingle(path, options));
  const twice = truth.classes.find((name, index) => truth.classes.indexOf(name) < index);
  if (twice !== undefined) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `ground truth: "${path}" has two classes called "${twice}"; results could not be told apart`,
    );
  }
  const garbled = truth.classes.find((name) => name.includes('\uFFFD'));
  if (garbled !== undefined) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `ground truth: the class "${garbled}" of "${path}" is in another encoding than its file says; save it as UTF-8`,
    );
  }
  if (truth.images.length > 0 && truth.classes.length > 0) return truth;
  throw new SightlineError('ERR_DATASET_INVALID', `ground truth: "${path}" has no pictures or no classes`);
}

async function readSingle(path: string, { images, split }: TruthOptions): Promise<LabelledImages> {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return parseCoco(await readText(path, 'ground truth'), path, images);
  if (extension === '.yaml' || extension === '.yml') return readYolo(path, split);
  throw new SightlineError(
    'ERR_DATASET_INVALID',
    `ground truth: "${path}" is neither COCO (.json) nor YOLO (.yaml); a folder may be VOC or YOLO`,
  );
}

async function readFolder(path: string, { split }: TruthOptions): Promise<LabelledImages> {
  const entries = await readdir(path);
  const isVoc =
    entries.some((name) => /^annotations$/i.test(name)) || entries.some((name) => name.endsWith('.xml'));
  return isVoc ? readVoc(path, split) : readYolo(path, split);
}
