/** The text files that the reference keeps beside its weights: class names, a line each, and anchors in one line. */
import { messageOf, SightlineError } from '../../errors.js';
import { readTextFile } from '../../files/read-file.js';
import type { EfficientNetManifest } from '../architectures/efficientnet-yolov3/manifest.js';

const MAX_TEXT_BYTES = 2 ** 20;
const ANCHORS = 9;

/**
 * Class names from a file, one a line; empty lines do not count.
 * @throws SightlineError ERR_USAGE
 */
export async function readClassNames(path: string): Promise<readonly string[]> {
  const names = (await readText(path, 'class names'))
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === 0) throw unusable(path, 'it names no class; write one name a line');
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw unusable(path, `classes ${earlier + 1} and ${index + 1} are both named "${name.slice(0, 80)}"`);
    }
    seen.set(name, index);
  }
  return names;
}

/**
 * Nine anchors from a file: eighteen numbers, width and height in turn, in pixels of the network's input, with commas.
 * @throws SightlineError ERR_USAGE
 */
export async function readAnchors(path: string): Promise<EfficientNetManifest['anchors']> {
  const text = (await readText(path, 'anchors')).trim();
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const numbers = parts.map(Number);
  const wrong = numbers.findIndex((number) => !(number > 0 && number < 1e5));
  if (wrong !== -1) {
    throw unusable(path, `"${parts[wrong]!.slice(0, 80)}" is not the width or height of an anchor in pixels`);
  }
  if (numbers.length > 0 && numbers.every((number) => number <= 1)) {
    throw unusable(
      path,
      'its anchors are all between 0 and 1 and look normalised; write pixels of the input: times its width and its height',
    );
  }
  if (numbers.length !== 2 * ANCHORS) {
    throw unusable(
      path,
      `it has ${numbers.length} numbers; ${2 * ANCHORS} are needed, width and height of ${ANCHORS} anchors`,
    );
  }
  return Array.from(
    { length: ANCHORS },
    (_, index) => [numbers[2 * index]!, numbers[2 * index + 1]!] as const,
  );
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readTextFile(path, MAX_TEXT_BYTES);
  } catch (cause) {
    throw new SightlineError('ERR_USAGE', `"${path}" with the ${what} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function unusable(path: string, problem: string): SightlineError {
  return new SightlineError('ERR_USAGE', `"${path}" cannot be used: ${problem}`);
}
