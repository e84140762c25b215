import { open, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../files/exists.js';
import { SightlineError } from '../errors.js';
import { type FileStamp, stampOf } from './link-record.js';

/** The parts of a TensorFlow wheel that an addon is built from. */
export interface TensorflowFiles {
  /** The wheel's `tensorflow` folder, links resolved: paths in its libraries are relative to this place. */
  readonly folder: string;
  readonly library: string;
  readonly framework: string;
  readonly include: string;
  readonly stamp: FileStamp;
  /** Whether it was built for NVIDIA cards. */
  readonly cuda: boolean;
}

/** Names of the libraries in wheels for Linux, the interface in C and C++ first. */
export const LIBRARY_NAMES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

const C_HEADER = join('tensorflow', 'c', 'c_api.h');

/** `e_machine` of an ELF file: System V ABI, and its supplement for AArch64. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
};

/**
 * Looks at a TensorFlow.
 * @param given a `tensorflow` folder of a wheel, or the folder around it (an unpacked wheel, site-packages).
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if it is incomplete or made for another processor than `arch`.
 */
export async function inspectTensorflow(
  given: string,
  arch: string = process.arch,
): Promise<TensorflowFiles> {
  const place = await findPlace(given);
  if (place === undefined) {
    throw unusable(
      `there is no ${LIBRARY_NAMES[0]} in ${given} (nor in its folder tensorflow); wheels of TensorFlow for Linux have ` +
        'it (2.15.1 to 2.21.0 were tried)',
    );
  }
  const folder = await realpath(place);
  const [library, framework] = LIBRARY_NAMES.map((name) => join(folder, name)) as [string, string];
  if (!(await exists(framework)))
    throw unusable(`${folder} has no ${LIBRARY_NAMES[1]}: its wheel is incomplete`);
  const include = join(folder, 'include');
  if (!(await exists(join(include, C_HEADER)))) throw unusable(`${folder} has no include/${C_HEADER}`);
  const machine = await machineOf(library);
  if (machine !== arch) throw unusable(`${library} is for ${machine}, this Node is for ${arch}`);
  return {
    folder,
    library,
    framework,
    include,
    stamp: await stampOf(library),
    cuda: await isCudaBuild(folder),
  };
}

async function findPlace(given: string): Promise<string | undefined> {
  for (const place of [given, join(given, 'tensorflow')]) {
    if (await exists(join(place, LIBRARY_NAMES[0]))) return place;
  }
  return undefined;
}

async function machineOf(library: string): Promise<string> {
  const file = await open(library);
  try {
    const header = Buffer.alloc(20);
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    const isElf = bytesRead === header.length && header.toString('latin1', 0, 4) === '\x7fELF';
    if (!isElf) throw unusable(`${library} is not a shared library for Linux`);
    const code = header[5] === 2 ? header.readUInt16BE(18) : header.readUInt16LE(18);
    return MACHINES[code] ?? `processor ${code}`;
  } finally {
    await file.close();
  }
}

/** The wheel's own word. Only loading the library would tell more, and nothing is loaded here. */
async function isCudaBuild(folder: string): Promise<boolean> {
  try {
    const info = await readFile(join(folder, 'python', 'platform', 'build_info.py'), 'utf8');
    return /['"]is_cuda_build['"]\s*[,:]\s*True/.test(info);
  } catch {
    return false;
  }
}

function unusable(message: string): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', message);
}
