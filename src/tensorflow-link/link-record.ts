/**
 * What `link-tensorflow` writes beside the native part that it built, so that a later look at the files can tell whether
 * what was linked is still what is there.
 */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { TENSORFLOW_PACKAGES } from './ask-python.js';
import type { TfjsNodePackage } from './tfjs-node-package.js';

const stampSchema = z.object({ size: z.number(), mtimeMs: z.number() });

const recordSchema = z.object({
  tensorflow: z.object({
    version: z.string(),
    /** The wheel's `tensorflow` folder. */
    folder: z.string(),
    library: z.string(),
    stamp: stampSchema,
    cuda: z.boolean(),
    /** Name of the Python package, if that is known. */
    package: z.enum(TENSORFLOW_PACKAGES).optional(),
  }),
  binding: stampSchema,
  package: z.string(),
  /** `process.versions.modules` of the Node that it was built for. */
  nodeAbi: z.string(),
});

/** What was linked to what. */
export type LinkRecord = z.infer<typeof recordSchema>;

/** Size and time of change of a file: enough to see that it was replaced. */
export type FileStamp = z.infer<typeof stampSchema>;

/** The stamp of the file at `path`. @throws if there is none. */
export async function stampOf(path: string): Promise<FileStamp> {
  const { size, mtimeMs } = await stat(path);
  return { size, mtimeMs };
}

/** The record of a package; undefined if nothing was linked, or something that we did not write. */
export async function readLinkRecord(tfjsNode: TfjsNodePackage): Promise<LinkRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(tfjsNode), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Why a record no longer holds, for people to read; undefined if it does. */
export async function staleness(record: LinkRecord, tfjsNode: TfjsNodePackage): Promise<string | undefined> {
  const { version, library, folder, stamp } = record.tensorflow;
  const name = `TensorFlow ${version} in ${folder}`;
  const [now, binding] = await Promise.all([stampOrNone(library), stampOrNone(tfjsNode.binding)]);
  if (now === undefined) return `${name} is gone`;
  if (!sameStamp(now, stamp)) return `${name} was replaced`;
  return binding !== undefined && sameStamp(binding, record.binding)
    ? undefined
    : 'its native part was replaced';
}

/**
 * Puts a new native part and its record in place. What is there works at any moment, old or new: the part is replaced by a
 * rename, and stands without a record, which only means that it would be linked again, until the new one is complete.
 * @param built a file in the folder of the native part; gone afterwards.
 */
export async function replaceBinding(
  tfjsNode: TfjsNodePackage,
  built: string,
  record: Omit<LinkRecord, 'binding'>,
): Promise<LinkRecord> {
  const complete = { ...record, binding: await stampOf(built) };
  const path = recordPath(tfjsNode);
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify(complete, null, 2)}\n`);
  await rm(path, { force: true });
  await rename(built, tfjsNode.binding);
  await rename(aside, path);
  return complete;
}

function recordPath({ binding }: TfjsNodePackage): string {
  return join(dirname(binding), 'sightline-link.json');
}

async function stampOrNone(path: string): Promise<FileStamp | undefined> {
  try {
    return await stampOf(path);
  } catch {
    return undefined;
  }
}

/** By whole seconds: layers of container images keep no more. */
function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && Math.floor(a.mtimeMs / 1000) === Math.floor(b.mtimeMs / 1000);
}
