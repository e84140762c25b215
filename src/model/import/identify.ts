import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SightlineError } from '../../errors.js';

/** What weights may come in. */
export type InputKind = 'model-folder' | 'hdf5' | 'safetensors' | 'onnx';

/** Whole Keras models of B7 with the state of their optimizer have 1.3 GB. */
const MAX_FILE_BYTES = 4 * 2 ** 30;
const HEAD_BYTES = 128;
/** The upper half of the header's length, and the bracket that opens the header. */
const SAFETENSORS_START = Buffer.from('000000007b', 'hex');
const HDF5_SIGNATURE = Buffer.from('894844460d0a1a0a', 'hex');

const EXPORT_STATE_DICT =
  'write its tensors as safetensors, in Python: import torch, safetensors.torch as s; ' +
  's.save_file({k: v.contiguous() for k, v in torch.load("model.pth", map_location="cpu").items()}, "model.safetensors")';

/**
 * Says from its first bytes what an input is.
 * @throws SightlineError ERR_MODEL_NOT_FOUND if there is nothing, ERR_WEIGHTS_INVALID with what to do if it cannot be read.
 */
export async function identifyInput(path: string): Promise<InputKind> {
  let size: number;
  try {
    const found = await stat(path);
    if (found.isDirectory()) return await identifyFolder(path);
    if (!found.isFile()) throw unusable(path, 'it is no ordinary file');
    size = found.size;
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    throw new SightlineError('ERR_MODEL_NOT_FOUND', `cannot read "${path}": ${messageOf(cause)}`, { cause });
  }
  if (size === 0) throw unusable(path, 'it is empty');
  if (size > MAX_FILE_BYTES) {
    throw unusable(path, `its ${size} bytes are more than any network of this family has`);
  }
  if (/\.onnx$/i.test(path)) return 'onnx';
  const head = await readHead(path);
  if (head.subarray(0, 8).equals(HDF5_SIGNATURE)) return 'hdf5';
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) throw refuseZip(path, head);
  // Asked before the pickles: the length of a header, which has four zeros at its end, may begin as they do.
  if (head.subarray(4, 9).equals(SAFETENSORS_START)) return 'safetensors';
  // The pickles that torch.save wrote before version 1.6.
  if (head[0] === 0x80 && (head[1] ?? 0) <= 5) throw refuseCheckpoint(path);
  if (/\.safetensors$/i.test(path) || head[8] === 0x7b) return 'safetensors';
  if (/\.(h5|hdf5|keras)$/i.test(path)) {
    throw unusable(path, 'it is not HDF5 in spite of its name; was it downloaded whole?');
  }
  if (/\.(pth|pt|ckpt|bin)$/i.test(path)) throw refuseCheckpoint(path);
  throw unusable(
    path,
    'it is neither Keras HDF5 (.h5) nor safetensors nor ONNX (.onnx) nor a model folder, which are what can be converted',
  );
}

async function identifyFolder(path: string): Promise<InputKind> {
  const manifest = await stat(join(path, 'model.json')).catch(() => undefined);
  if (manifest?.isFile() === true) return 'model-folder';
  throw new SightlineError(
    'ERR_MODEL_NOT_FOUND',
    `"${path}" is a folder without model.json: pass a model folder or a file with weights`,
  );
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new SightlineError('ERR_MODEL_NOT_FOUND', `cannot read "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** Keras 3 and PyTorch both write zip files; the first file inside tells them apart. */
function refuseZip(path: string, head: Buffer): SightlineError {
  const first = head.toString('latin1', 30, 30 + head.readUInt16LE(26));
  if (!/\.keras$/i.test(path) && !/^(metadata|config)\.json$/.test(first)) {
    const fromTorch =
      /\.(pth|pt|ckpt|bin)$/i.test(path) ||
      /^[^/]+\/(data\.pkl|\.format_version|byteorder|version)$/.test(first);
    return fromTorch ? refuseCheckpoint(path) : unusable(path, 'it is a zip file; pass what is in it');
  }
  return unusable(
    path,
    "it is a .keras file of Keras 3; in Python, load it and write the older layout with model.save('model.h5')",
  );
}

function refuseCheckpoint(path: string): SightlineError {
  return unusable(
    path,
    `it is a checkpoint of PyTorch, which can run code when it is read; ${EXPORT_STATE_DICT}`,
  );
}

function unusable(path: string, problem: string): SightlineError {
  return new SightlineError('ERR_WEIGHTS_INVALID', `"${path}" cannot be converted: ${problem}`);
}
