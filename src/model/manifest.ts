import { join } from 'node:path';
import type * as z from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { readDiskFile } from '../files/read-file.js';
import type { ModelManifest } from './architectures/base-manifest.js';
import { architectureNamedIn } from './architectures/registry.js';
import { unreadable } from './read-weights.js';

/** Name of the manifest in a model folder. */
export const MANIFEST_FILE = 'model.json';

/**
 * Reads and checks `model.json` of a model folder. The weights are not touched: see `readWeights`.
 * @throws SightlineError ERR_MODEL_NOT_FOUND without folder or file, ERR_MODEL_INVALID with the path of the wrong key.
 */
export async function loadManifest(dir: string): Promise<ModelManifest> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = (await readDiskFile(path)).toString('utf8');
  } catch (cause) {
    throw unreadable(`no model in "${dir}"`, path, cause, 'pass a folder that holds model.json');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SightlineError('ERR_MODEL_INVALID', `"${path}" is not JSON: ${oneLine(messageOf(cause))}`, {
      cause,
    });
  }
  return parseManifest(json, path);
}

/**
 * Checks what was read from a model.json.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_MODEL_INVALID with the path of the first wrong key.
 */
export function parseManifest(json: unknown, origin: string): ModelManifest {
  const architecture = architectureNamedIn(json);
  if (typeof architecture === 'string') {
    throw new SightlineError('ERR_MODEL_INVALID', `"${origin}": ${architecture}`);
  }
  const parsed = architecture.manifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const more = parsed.error.issues.length - 1;
  const problem = issue === undefined ? 'unknown problem' : describe(issue);
  const rest = more > 0 ? ` (and ${more} more)` : '';
  throw new SightlineError('ERR_MODEL_INVALID', `"${origin}": ${oneLine(problem)}${rest}`, {
    cause: parsed.error,
  });
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const key = path.replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => `"${key === '' ? name : `${key}.${name}`}"`).join(', ');
    return `unknown key ${names}`;
  }
  return key === '' ? issue.message : `${key}: ${issue.message}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
