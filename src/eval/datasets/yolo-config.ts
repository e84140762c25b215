/** `data.yaml`: which pictures a set of YOLO's format has, and what its classes are called. */
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { messageOf, SightlineError } from '../../errors.js';
import { kindOf, readText } from './read-file.js';

/** What is known of a set before its pictures are looked at. */
export interface YoloSet {
  /** Folders of pictures, and `.txt` files that list pictures. */
  readonly places: readonly string[];
  readonly classes: readonly string[];
  /** The numbers of the classes in label files; as many. */
  readonly classIds: readonly number[];
  /** Values of a row that has the key points of a pose behind its box. */
  readonly poseValues?: number;
  /** What should be said of it. */
  readonly remarks: readonly string[];
}

/** How the parts of a data set are called. */
const SPELLINGS = [
  ['val', 'valid', 'validation'],
  ['test', 'testing'],
  ['train', 'training'],
] as const;
const TRAINING = SPELLINGS[2];

/**
 * Reads `data.yaml`.
 * @param split which part, in any of its spellings; what there is of `val` and `test` if not given, or else `train`.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, ERR_DATASET_INVALID
 */
export async function readYoloConfig(file: string, split: string | undefined): Promise<YoloSet> {
  const data = await readYaml(file);
  const { classes, classIds } = classesOf(data['names'], file);
  const groups = split === undefined ? SPELLINGS : [spellingsOf(split)];
  const key = groups.flatMap((names) => keysOf(data, names))[0];
  const listed = key === undefined ? [] : [data[key]].flat();
  if (key === undefined || !listed.every((place): place is string => typeof place === 'string')) {
    const keys = groups.map(([name]) => `"${name}"`).join(', ');
    throw new SightlineError('ERR_DATASET_INVALID', `${file}: no folder of pictures under ${keys}`);
  }
  const places: string[] = [];
  for (const place of listed) places.push(await placeOf(place, file, data['path']));
  const poseValues = poseValuesOf(data['kpt_shape']);
  return {
    places,
    classes,
    classIds,
    ...(poseValues !== undefined && { poseValues }),
    remarks: split === undefined && isTraining(key) ? [onlyTraining(`"${file}"`)] : [],
  };
}

/**
 * The part of a data set without `data.yaml` that is meant: `images/val`, `val/images`, `val`, or the whole folder.
 * @throws SightlineError ERR_DATASET_NOT_FOUND if there is no such part.
 */
export async function findYoloPart(
  folder: string,
  split: string | undefined,
): Promise<Pick<YoloSet, 'places' | 'remarks'>> {
  for (const names of split === undefined ? SPELLINGS : [spellingsOf(split)]) {
    for (const name of names) {
      for (const place of [join(folder, 'images', name), join(folder, name, 'images'), join(folder, name)]) {
        if ((await kindOf(place)) !== 'folder') continue;
        const remarks = split === undefined && isTraining(name) ? [onlyTraining(`"${folder}"`)] : [];
        return { places: [place], remarks };
      }
    }
  }
  if (split === undefined) return { places: [folder], remarks: [] };
  throw new SightlineError(
    'ERR_DATASET_NOT_FOUND',
    `ground truth: "${folder}" has no data.yaml and no folder called "${split}"`,
  );
}

async function readYaml(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    // Names such as 007 or no are what they look like: nothing is taken for a number or for something else.
    const value: unknown = parse(await readText(file, 'ground truth'), { schema: 'failsafe' });
    return (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    const message = messageOf(cause).split('\n')[0];
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is not YAML: ${message}`, { cause });
  }
}

/** A list counts its classes from 0; a map has their numbers, from wherever they begin. */
function classesOf(names: unknown, file: string): Pick<YoloSet, 'classes' | 'classIds'> {
  const entries = typeof names === 'object' && names !== null ? Object.entries(names) : [];
  const isRight = entries.every(([id, name]) => /^\d+$/.test(id) && typeof name === 'string' && name !== '');
  const classIds = entries.map(([id]) => Number(id));
  if (entries.length === 0 || !isRight || new Set(classIds).size < classIds.length) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${file}: "names" should list the names of the classes, as [car, bus] or as numbers with names`,
    );
  }
  return { classes: entries.map(([, name]) => name as string), classIds };
}

function spellingsOf(split: string): readonly string[] {
  return SPELLINGS.find((names) => (names as readonly string[]).includes(split.toLowerCase())) ?? [split];
}

function isTraining(key: string): boolean {
  return (TRAINING as readonly string[]).includes(key.toLowerCase());
}

/** Keys that say something, in the order of the spellings. */
function keysOf(data: Readonly<Record<string, unknown>>, names: readonly string[]): string[] {
  return names.flatMap((name) =>
    Object.keys(data).filter((key) => {
      const value = data[key];
      const isNothing = value === '' || value === '~' || value === 'null';
      return (key === name || key.toLowerCase() === name) && !isNothing;
    }),
  );
}

/**
 * Where a place lies that `data.yaml` names: in `path`, which may be meant from the working folder, or beside the file.
 * Exports of Roboflow put `../` before places that lie beside it.
 */
async function placeOf(place: string, file: string, path: unknown): Promise<string> {
  const home = dirname(file);
  const roots = typeof path === 'string' && path !== '' ? [resolve(home, path), resolve(path), home] : [home];
  const tries = roots.flatMap((root) =>
    (place.startsWith('../') ? [place, place.slice(3)] : [place]).map((name) => resolve(root, name)),
  );
  for (const found of tries) if ((await kindOf(found)) !== 'nothing') return found;
  throw new SightlineError(
    'ERR_DATASET_NOT_FOUND',
    `ground truth: "${tries[0]}", which ${file} names, does not exist`,
  );
}

/** A box, and two or three values for each key point. */
function poseValuesOf(shape: unknown): number | undefined {
  const [points, values] = Array.isArray(shape) ? shape.map(Number) : [];
  const all = 5 + (points ?? Number.NaN) * (values ?? Number.NaN);
  return Number.isSafeInteger(all) ? all : undefined;
}

function onlyTraining(what: string): string {
  return `${what} has neither val nor test: the training set is used; --split train says so`;
}
