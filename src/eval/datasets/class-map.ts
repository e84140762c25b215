import { extname } from 'node:path';
import { parse } from 'yaml';
import { messageOf, SightlineError } from '../../errors.js';
import type { LabelledImages } from '../labels.js';
import { readText } from './read-file.js';

/** New names of classes; undefined for a class that is left out. Classes that are not there keep their names. */
export type ClassMap = ReadonlyMap<string, string | undefined>;

/** How a class that is to be left out is written. */
const NOTHING = '-';

/**
 * Reads new names of classes: lines of `from,to`, or YAML with `from: to`. An empty name, or `-`, leaves the class out.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID with file and line.
 */
export async function readClassMap(file: string): Promise<ClassMap> {
  const text = await readText(file, 'class map');
  const entries = /^\.ya?ml$/i.test(extname(file)) ? yamlEntries(text, file) : textEntries(text, file);
  return new Map(entries.map(([from, to]) => [from, to === '' || to === NOTHING ? undefined : to]));
}

/** The name of a class after mapping. */
export function mapClass(name: string, map: ClassMap): string | undefined {
  return map.has(name) ? map.get(name) : name;
}

/** Renames, joins and leaves out classes of ground truth; what results may call them is their new name. */
export function mapTruth({ classes, classKeys, images }: LabelledImages, map: ClassMap): LabelledImages {
  if (map.size === 0) return { classes, classKeys, images };
  const names = classes.map((name) => mapClass(name, map));
  const kept = [...new Set(names.filter((name) => name !== undefined))];
  const position = names.map((name) => (name === undefined ? -1 : kept.indexOf(name)));
  return {
    classes: kept,
    classKeys: kept,
    images: images.map((image) => ({
      ...image,
      boxes: image.boxes.flatMap((box) => {
        const classId = position[box.classId]!;
        return classId < 0 ? [] : [{ ...box, classId }];
      }),
    })),
  };
}

function textEntries(text: string, file: string): [string, string][] {
  return text.split('\n').flatMap((raw, index): [string, string][] => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const parts = line.split(',').map((part) => part.trim());
    if (parts.length === 2 && parts[0] !== '') return [[parts[0]!, parts[1]!]];
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${file}:${index + 1}: expected from,to but found ${JSON.stringify(line)}`,
    );
  });
}

function yamlEntries(text: string, file: string): [string, string][] {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${file} is not YAML: ${messageOf(cause).split('\n')[0]}`,
      {
        cause,
      },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SightlineError('ERR_DATASET_INVALID', `${file}: expected lines of "from: to"`);
  return Object.entries(value).map(([from, to]: [string, unknown]) => {
    if (to === null || typeof to === 'string') return [from, to ?? ''];
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${file}: "${from}" should be a name but is ${JSON.stringify(to)}`,
    );
  });
}
