import { mkdir, mkdtemp, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse, resolve } from 'node:path';
import { messageOf, SightlineError } from '../../errors.js';
import type { InputSize } from '../../geometry/input-size.js';
import { emitSavedModel, SAVED_MODEL_FILE } from './saved-model.js';
import { exportOnnx } from './export-onnx.js';
import { foldNetwork, readNetwork } from '../read-network.js';
import { checkOutput } from '../../files/output-place.js';
import { unwritable } from '../../files/reasons.js';
import { writeWhole } from '../../files/write-whole.js';
import { convertModel } from '../import/convert-model.js';
import type { ConvertOptions } from '../import/convert-options.js';

/** Formats of other programs that a model can be written in. */
export const EXPORT_FORMATS = ['onnx', 'saved-model'] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What is written where. The input may be anything that can be converted. */
export interface ExportOptions extends ConvertOptions {
  /** A file for ONNX, a folder for a SavedModel. */
  readonly out: string;
  /** Whether the graph ends in boxes and scores instead of raw heads; ONNX only. */
  readonly boxes?: boolean | undefined;
}

interface Target {
  readonly out: string;
  readonly size: InputSize | undefined;
  readonly boxes: boolean | undefined;
  readonly overwrite: boolean | undefined;
}

/** What is known after the writing, for people: a line each. */
type Writer = (modelDir: string, target: Target) => Promise<readonly string[]>;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  onnx: async (modelDir, { out, size, boxes, overwrite }) => {
    const { bytes, ends } = await exportOnnx(modelDir, out, { size, boxes, overwrite });
    return [`${out}: ONNX, ${megabytes(bytes)}`, ...ends];
  },
  'saved-model': async (modelDir, { out, size, overwrite }) => {
    await checkSavedModelPlace(out, overwrite ?? false);
    const { network } = await readNetwork(modelDir, 'exported', size);
    const bytes = emitSavedModel(foldNetwork(network));
    await writeInFolder(out, SAVED_MODEL_FILE, bytes);
    return [`${out}: TensorFlow SavedModel, ${megabytes(bytes.length)}`];
  },
};

/**
 * Writes a model in the format of another program. Weights that are no model folder are converted on the way.
 * @returns lines for people: what was written, and what was assumed.
 * @throws SightlineError ERR_USAGE, ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE, and what {@link convertModel} throws
 */
export async function exportModel(format: ExportFormat, options: ExportOptions): Promise<readonly string[]> {
  const { input, out, size, boxes, overwrite } = options;
  if (!EXPORT_FORMATS.includes(format)) {
    const known = EXPORT_FORMATS.join(' and ');
    throw new SightlineError('ERR_USAGE', `there is no format "${format as string}"; known are ${known}`);
  }
  if (boxes === true && format !== 'onnx') {
    throw new SightlineError('ERR_USAGE', `--boxes belongs to onnx, not to ${format}`);
  }
  if (options.precision !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `--precision belongs to model folders; ${format} files have float32`,
    );
  }
  const inputs = [input, options.classes, options.anchors].filter((path) => path !== undefined);
  if (format === 'onnx') await checkOutput(out, { inputs, overwrite: overwrite ?? false });
  const write = WRITERS[format];
  const target = { out, size, boxes, overwrite };
  const isFolder = await stat(input).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const { classes, anchors, anchorMask, phi, name, stretch } = options;
  if (isFolder && [classes, anchors, anchorMask, phi, name, stretch].every((value) => value === undefined))
    return write(input, target);
  const folder = await mkdtemp(join(tmpdir(), 'sightline-convert-'));
  try {
    // The model is called after its folder if nothing else is known.
    const model = join(folder, parse(resolve(out)).name);
    const { warnings } = await convertModel({ ...options, out: model, overwrite: false });
    return [...(await write(model, target)), ...warnings.map((warning) => `note: ${warning}`)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkSavedModelPlace(out: string, overwrite: boolean): Promise<void> {
  const entries = await readdir(out).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new SightlineError('ERR_SINK_UNWRITABLE', `"${out}" cannot be a folder: ${messageOf(error)}`, {
      cause: error,
    });
  });
  if (entries.length === 0 || (overwrite && entries.includes(SAVED_MODEL_FILE))) return;
  const advice = entries.includes(SAVED_MODEL_FILE)
    ? 'pass --overwrite to replace it'
    : 'name another folder';
  throw new SightlineError('ERR_SINK_EXISTS', `"${out}" is not empty; ${advice}`);
}

/** Makes the folder if it is not there; it goes again if the file cannot be written. */
async function writeInFolder(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  let made: string | undefined;
  try {
    made = await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw unwritable(`"${folder}"`, cause);
  }
  try {
    await writeWhole(join(folder, name), bytes);
  } catch (cause) {
    if (made !== undefined) await rmdir(folder).catch(() => undefined);
    throw cause;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
