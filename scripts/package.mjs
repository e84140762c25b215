/**
 * Packs `sightline-VERSION.tgz` with onnxruntime-node inside: docs/adr/0016-onnxruntime-in-the-package.md. A folder outside of
 * the checkout is packed, so that nothing here changes meanwhile. Wants a built `dist/`. `--platform linux/x64` takes
 * the libraries of that platform only, `--out FOLDER` says where the file goes (here, if not given).
 */
import { execFileSync } from 'node:child_process';
import { constants, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * What the processor's work does not need: CUDA and TensorRT, DirectX (loaded when a session asks for it), the second
 * copy of the library for macOS (the binding asks for the one without the whole version).
 */
const LEFT_OUT = /providers_|^(DirectML|dxcompiler|dxil)\.dll$|^libonnxruntime\.\d+\.\d+\.\d+\.dylib$|\.map$/;
/** The package has no licence files, so they lie here, from the Python wheel of this version. */
const LICENCES_OF = '1.30.0';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { platform: { type: 'string' }, out: { type: 'string' } } });
const stage = mkdtempSync(join(tmpdir(), 'sightline-package-'));
try {
  stageSightline();
  stageOnnxruntime(join(stage, 'vendor', 'onnxruntime-node'), values.platform ?? '');
  const args = ['pack', stage, '--silent', '--pack-destination', values.out ?? '.'];
  process.stdout.write(execFileSync('npm', args, { encoding: 'utf8' }));
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** npm itself picks what `files` excludes again. */
function stageSightline() {
  const manifest = readJson(join(root, 'package.json'));
  writeJson(join(stage, 'package.json'), { ...manifest, scripts: undefined, devDependencies: undefined });
  for (const part of [...manifest.files, 'README.md', 'LICENSE'])
    if (part !== 'vendor' && !part.startsWith('!')) copy(join(root, part), join(stage, part));
}

/** @param {string} platform a folder of libraries; all of them if empty. */
function stageOnnxruntime(target, platform) {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const source = dirname(manifest);
  const { name, version, license, description, repository, main, types } = readJson(manifest);
  if (version !== LICENCES_OF)
    throw new Error(`scripts/onnxruntime-licences is of ${LICENCES_OF}, onnxruntime-node of ${version}`);
  for (const part of ['README.md', 'dist', join('bin', 'napi-v6', platform)])
    copy(join(source, part), join(target, part));
  copy(join(root, 'scripts', 'onnxruntime-licences'), target);
  writeJson(join(target, 'package.json'), { name, version, license, description, repository, main, types });
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (file) => !LEFT_OUT.test(basename(file)),
  });
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
