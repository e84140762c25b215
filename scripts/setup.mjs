/**
 * Makes a fresh checkout ready: packages, ffmpeg, and the compiled `dist/`. Uses nothing but Node itself, because it runs
 * before anything is installed. `--browser` also sees to a Chromium for the tests of the web page, `--camera` to GStreamer's
 * RTSP server for those of cameras, and `--tensorflow` to a TensorFlow for those of that backend.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wantsBrowser = process.argv.includes('--browser');
const wantsCamera = process.argv.includes('--camera');
const wantsTensorflow = process.argv.includes('--tensorflow');

const CAMERA_PACKAGES = [
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-ugly',
];

checkNode();
installPackages();
need('ffmpeg', { isThere: hasProgram('ffmpeg', 'FFMPEG_PATH'), required: true });
if (wantsBrowser) need('chromium', { isThere: hasProgram('chromium', 'CHROMIUM_PATH') });
if (wantsCamera) need('the RTSP server of GStreamer', { isThere: hasCamera, packages: CAMERA_PACKAGES });
build();
if (wantsTensorflow) linkTensorflow();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Sightline needs Node 20.19 or newer; this is ${process.version}`);
}

/** Runs `npm ci` unless exactly this lock file was installed already. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const marker = join(root, 'node_modules', '.cache', 'sightline-setup');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return;
  step('installing packages (npm ci)');
  // As .npmrc says, whatever the environment says.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    env: process.env,
    hint: 'npm ci failed; its output is above',
  });
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
  writeFileSync(marker, lock);
}

/** A program that is named by a variable, or on the PATH. */
function hasProgram(name, variable) {
  return () => Boolean(process.env[variable]) || onPath(name);
}

/** What test/support/rtsp-camera.py is made of. */
function hasCamera() {
  const script = join(root, 'test', 'support', 'rtsp-camera.py');
  return spawnSync('/usr/bin/python3', [script, '--check'], { stdio: 'ignore' }).status === 0;
}

/** Installs what is missing with Debian's packages, if that may be done here. */
function need(name, { isThere, packages = [name], required = false }) {
  if (isThere()) return;
  const list = packages.join(' ');
  const update = ['apt-get', 'update', '-qq'];
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages];
  const command = `${sudo().join(' ')} apt-get update && ${sudo().join(' ')} apt-get install -y ${list}`
    .replace(/^ /, '')
    .replace('&&  ', '&& ');
  if (onPath('apt-get') && maySudo()) {
    step(`installing ${name} (${command})`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const words of [update, install]) {
      const [program, ...args] = [...sudo(), ...words];
      spawnSync(program, args, { stdio: ['inherit', 'ignore', 'inherit'], env });
    }
    if (isThere()) return;
  }
  const advice = onPath('apt-get') ? command : `your package manager (package ${list})`;
  if (required) fail(`${name} is needed and was not found; install it with: ${advice}`);
  else
    process.stderr.write(
      `setup: ${name} was not found; the tests that need it will be skipped. Install it with: ${advice}\n`,
    );
}

/** Compiles; tsc itself skips what has not changed. */
function build() {
  run('npm', ['run', '--silent', 'build'], {
    env: process.env,
    hint: 'the build failed; its output is above',
  });
}

/** Without it everything else works, so a failure is loud and no more than that. */
function linkTensorflow() {
  const args = [join('dist', 'cli', 'main.js'), 'link-tensorflow', '--package', tensorflowPackage()];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return;
  process.stderr.write(
    'setup: !!! WARNING: TensorFlow could not be linked (why: above); its tests will be SKIPPED, everything else works\n',
  );
}

/** PyPI has no tensorflow-cpu for 64-bit Arm: there the plain package has no CUDA. */
function tensorflowPackage() {
  return process.arch === 'arm64' ? 'tensorflow' : 'tensorflow-cpu';
}

function sudo() {
  return process.getuid?.() === 0 ? [] : ['sudo'];
}

/** Root, sudo without a password, or a terminal at which a password can be typed. */
function maySudo() {
  if (sudo().length === 0) return true;
  if (!onPath('sudo')) return false;
  return process.stdin.isTTY || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

function run(program, args, { env, hint }) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) fail(hint, 1);
}

function step(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text, code = 2) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(code);
}
