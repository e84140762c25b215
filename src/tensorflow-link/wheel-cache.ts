/**
 * Wheels of TensorFlow, unpacked in a cache: of a wheel's 15,000 files an addon needs two libraries and a few headers.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { exists } from '../files/exists.js';
import { messageOf, SightlineError } from '../errors.js';
import type { TensorflowPackage } from './ask-python.js';
import { explainPip, wheelPlatforms } from './pip.js';
import { errorLineOf, runProgram } from './run-program.js';
import { inspectTensorflow } from './tensorflow-files.js';

/** The wheels' libraries do not depend on the version of Python that they are for: one that all versions tried have. */
const WHEEL_PYTHON = '3.11';

/** Megabytes of the wheel, and of what is unpacked of it: 2.21.0, rounded up. */
const SIZES: Readonly<Record<TensorflowPackage, readonly [number, number]>> = {
  'tensorflow-cpu': [280, 860],
  tensorflow: [700, 1900],
};

const UNPACK = `
import sys, zipfile
wheel, target = sys.argv[1:]
wanted = ("tensorflow/libtensorflow_", "tensorflow/python/platform/build_info.py")
try:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            header = name.startswith("tensorflow/include/") and name.endswith(".h")
            if name.startswith(wanted) or header and ("/c/" in name or "/platform/" in name):
                archive.extract(name, target)
except (zipfile.BadZipFile, OSError, EOFError) as error:
    sys.exit(f"error: {error}")
`;

/** Where things are kept that can be fetched again: XDG_CACHE_HOME/sightline, or ~/.cache/sightline. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  const base = env['XDG_CACHE_HOME'];
  // The specification of base directories says to ignore relative ones.
  return join(
    base !== undefined && isAbsolute(base) ? base : join(home, '.cache'),
    'sightline',
    'tensorflow',
  );
}

/** Where a version lies in the cache once it was fetched. */
export function cachedFolder(cache: string, name: TensorflowPackage, version: string): string {
  return join(cache, `${name}-${version}-${process.arch}`);
}

/**
 * Fetches a wheel with pip and unpacks it into the cache, all of it or nothing.
 * @param say told what is going to happen, and how much it takes.
 * @returns the unpacked folder.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export async function fetchTensorflow(
  request: {
    readonly python: string;
    readonly cache: string;
    readonly package: TensorflowPackage;
    readonly version: string;
  },
  say: (line: string) => void,
): Promise<string> {
  const { python, cache, version } = request;
  const [wheelMb, unpackedMb] = SIZES[request.package];
  const what = `${request.package}==${version}`;
  return fill(
    cachedFolder(cache, request.package, version),
    cache,
    wheelMb + unpackedMb,
    async (aside) => {
      say(
        `fetching ${what} with pip: a download of about ${wheelMb} MB, ${unpackedMb} MB unpacked in ${cache}`,
      );
      const platforms = wheelPlatforms().flatMap((platform) => ['--platform', platform]);
      const only = [
        '--only-binary=:all:',
        '--implementation',
        'cp',
        '--python-version',
        WHEEL_PYTHON,
        ...platforms,
      ];
      // Without pip's own cache, which would keep a second copy for nobody.
      const quiet = [
        '--no-cache-dir',
        '--disable-pip-version-check',
        '--progress-bar',
        'off',
        '--retries',
        '2',
      ];
      const args = ['-m', 'pip', 'download', '--no-deps', ...only, ...quiet, '--dest', aside, what];
      const { code, stdout, stderr } = await runProgram(python, args);
      if (code !== 0) throw unavailable(explainPip(what, `${stdout}\n${stderr}`));
      const wheel = (await readdir(aside)).find((name) => name.endsWith('.whl'));
      if (wheel === undefined) throw unavailable(`pip fetched no wheel for ${what}`);
      return join(aside, wheel);
    },
    python,
  );
}

/**
 * Unpacks a wheel that the user has into the cache, if it is not there yet.
 * @returns the unpacked folder.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export async function unpackWheel(
  wheel: string,
  cache: string,
  python: string,
  say: (line: string) => void,
): Promise<string> {
  const { size, mtimeMs } = await stat(wheel);
  const identity = createHash('sha256').update(`${size} ${mtimeMs}`).digest('hex').slice(0, 12);
  const target = join(cache, `${basename(wheel, '.whl')}-${identity}`);
  if (await exists(target)) return target;
  // A library shrinks to a third of its size in a wheel.
  return fill(
    target,
    cache,
    (size * 3.5) / 1e6,
    () => {
      say(`unpacking ${basename(wheel)} in ${cache}`);
      return Promise.resolve(wheel);
    },
    python,
  );
}

/** Makes `target` from a wheel, beside it first: what stands at `target` is complete. */
async function fill(
  target: string,
  cache: string,
  needMb: number,
  provide: (aside: string) => Promise<string>,
  python: string,
): Promise<string> {
  const aside = await makeRoom(cache, needMb);
  try {
    const wheel = await provide(aside);
    const unpacked = join(aside, 'unpacked');
    const { code, stderr } = await runProgram(python, ['-c', UNPACK, wheel, unpacked]);
    if (code !== 0) throw unavailable(`${basename(wheel)} cannot be unpacked: ${errorLineOf(stderr)}`);
    try {
      await inspectTensorflow(unpacked);
    } catch (cause) {
      throw unavailable(messageOf(cause).replaceAll(unpacked, basename(wheel)), cause);
    }
    await rm(target, { recursive: true, force: true });
    await rename(unpacked, target);
    return target;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

const ASIDE = '.partial-';

/** An empty folder in the cache. Those of processes that were killed are removed. */
async function makeRoom(cache: string, needMb: number): Promise<string> {
  try {
    await mkdir(cache, { recursive: true });
    for (const name of await readdir(cache)) {
      const owner = /^\.partial-(\d+)-/.exec(name)?.[1];
      if (owner !== undefined && !isAlive(Number(owner)))
        await rm(join(cache, name), { recursive: true, force: true });
    }
    const { bavail, bsize } = await statfs(cache);
    const freeMb = (bavail * bsize) / 1e6;
    if (freeMb >= needMb) return await mkdtemp(join(cache, `${ASIDE}${process.pid}-`));
    const sizes = `${needMb.toFixed(0)} MB are needed in ${cache}, ${freeMb.toFixed(0)} MB are free`;
    throw unavailable(`${sizes}; make room, or set XDG_CACHE_HOME`);
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    throw unavailable(`the cache ${cache} cannot be written: ${messageOf(cause)}; set XDG_CACHE_HOME`, cause);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unavailable(message: string, cause?: unknown): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', message, { cause });
}
