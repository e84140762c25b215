import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { messageOf, SightlineError } from '../errors.js';
import { readDiskFile } from '../files/read-file.js';
import { codeOf } from '../files/reasons.js';
import type { ModelManifest } from './architectures/base-manifest.js';

/**
 * Reads a model's weights and compares them with the manifest's checksum.
 * @returns the file's bytes; they belong to the caller.
 * @throws SightlineError ERR_MODEL_NOT_FOUND if the file is not there, ERR_WEIGHTS_INVALID if it is another one.
 */
export async function readWeights(
  dir: string,
  manifest: Pick<ModelManifest, 'name' | 'weights'>,
): Promise<Uint8Array> {
  const path = join(dir, manifest.weights.file);
  let bytes: Uint8Array;
  try {
    bytes = await readDiskFile(path);
  } catch (cause) {
    throw unreadable(`model "${manifest.name}" has no weights`, path, cause, 'download the model again');
  }
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== manifest.weights.sha256) {
    throw new SightlineError(
      'ERR_WEIGHTS_INVALID',
      `"${path}" (${bytes.byteLength} bytes) has the SHA-256 ${sum.slice(0, 12)}…, model.json says ` +
        `${manifest.weights.sha256.slice(0, 12)}…: the file is damaged or another model's; copy it again`,
    );
  }
  return bytes;
}

/** The error of a part of a model that cannot be read. @param what what is not there, in words. */
export function unreadable(what: string, path: string, cause: unknown, advice: string): SightlineError {
  return new SightlineError(
    'ERR_MODEL_NOT_FOUND',
    `${what}: cannot read "${path}" (${codeOf(cause) ?? messageOf(cause)}); ${advice}`,
    {
      cause,
    },
  );
}
