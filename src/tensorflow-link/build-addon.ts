import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SightlineError } from '../errors.js';
import { errorLineOf, runProgram } from './run-program.js';
import { LIBRARY_NAMES, type TensorflowFiles } from './tensorflow-files.js';
import type { TfjsNodePackage } from './tfjs-node-package.js';
import type { Toolchain } from './toolchain.js';

const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc'];
const LINK_OPTIONS = 'link-options';

/**
 * Compiles the package's addon against a TensorFlow, in a folder of its own.
 *
 * The addon finds the libraries by the absolute path of the wheel's folder: loaded from there, their own relative paths
 * (to `../nvidia/…/lib` in wheels for CUDA) lead where they should, which they would not from a folder of links.
 * @param folders `scratch`: an empty one, without spaces in its path because node-gyp's make files cannot have them;
 * `logs`: where the compiler's words are kept if it fails.
 * @returns the built file, in `scratch`.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export async function buildAddon(
  tfjsNode: TfjsNodePackage,
  tensorflow: TensorflowFiles,
  { nodeDir, nodeGyp }: Toolchain,
  python: string,
  folders: { readonly scratch: string; readonly logs: string },
): Promise<string> {
  const { scratch, logs } = folders;
  // By links, so that only the options file, which can quote, ever sees where things really are.
  await mkdir(join(scratch, 'deps'));
  await Promise.all([
    symlink(join(tfjsNode.folder, 'binding'), join(scratch, 'binding')),
    symlink(tensorflow.include, join(scratch, 'deps', 'include')),
    symlink(tensorflow.folder, join(scratch, 'deps', 'lib')),
    writeFile(join(scratch, LINK_OPTIONS), linkOptions(tensorflow.folder)),
    writeFile(join(scratch, 'binding.gyp'), JSON.stringify(gypOf(tfjsNode.napiVersion))),
  ]);
  const args = [nodeGyp, 'rebuild', `--nodedir=${nodeDir}`, '--loglevel=warn'];
  const env = { ...process.env, npm_config_python: python, PYTHON: python, NODE_GYP_FORCE_PYTHON: python };
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: scratch, env });
  if (code === 0) return join(scratch, 'build', 'Release', 'tfjs_binding.node');
  const log = join(logs, 'failed-build.log');
  await mkdir(logs, { recursive: true });
  await writeFile(log, `${stdout}\n${stderr}`);
  throw new SightlineError(
    'ERR_BACKEND_UNAVAILABLE',
    `the addon of ${tfjsNode.name} does not build against ${tensorflow.folder}: ${firstError(`${stderr}\n${stdout}`)}; all of it ` +
      `is in ${log}`,
  );
}

function firstError(output: string): string {
  // The compiler's first complaint is the cause; what node-gyp says at the end is only that there was one.
  const first = output
    .split('\n')
    .find((line) => /: (fatal )?error: |undefined reference|gyp ERR! stack/.test(line));
  return errorLineOf(first ?? output);
}

/** The options file of the compiler; its quoting is that of gcc and clang. */
function linkOptions(folder: string): string {
  return `"-Wl,-rpath,${folder.replace(/["\\]/g, '\\$&')}"\n`;
}

function gypOf(napiVersion: number): object {
  const [library, framework] = LIBRARY_NAMES;
  return {
    targets: [
      {
        target_name: 'tfjs_binding',
        sources: SOURCES.map((name) => `binding/${name}`),
        include_dirs: ['deps/include'],
        defines: [`NAPI_VERSION=${napiVersion}`],
        // Relative to the folder `build`, where make runs.
        libraries: [`@../${LINK_OPTIONS}`, `../deps/lib/${library}`, `../deps/lib/${framework}`],
      },
    ],
  };
}

/** Copies a built addon beside the place where it will be, so that a rename can put it there. */
export async function bringBeside(built: string, binding: string): Promise<string> {
  await mkdir(join(binding, '..'), { recursive: true });
  // Ends in .node, as Node loads only such files as addons.
  const beside = `${binding.replace(/\.node$/, '')}.${process.pid}.node`;
  await copyFile(built, beside);
  return beside;
}
