/**
 * Measures the whole against the sum of its parts, and whether memory stays flat. Prints a table and writes
 * bench/results/pipeline.json. Everything is a process of its own, start-up included; CPU seconds are user + system of the
 * process and of all it waited for, as bash's `time` reports them.
 *
 *   npm run bench               three rounds, parts and whole in turn
 *   npm run bench -- --rounds 1 --no-memory
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const clip = join(root, 'examples/clips/car-detection.mp4');
const longClip = join(root, 'examples/clips/one-by-one-person-detection.mp4');
const rounds = Number(option('--rounds') ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));

try {
  const frames = countFrames(clip);
  const raw = join(folder, 'raw.nut');
  ffmpeg(['-i', clip, '-an', '-pix_fmt', 'yuv420p', '-c:v', 'rawvideo', raw]);
  const cost = compare(frames, raw);
  const memory = process.argv.includes('--no-memory') ? undefined : await flatness();
  const result = {
    when: new Date().toISOString().slice(0, 10),
    machine: machine(),
    clip: 'car-detection.mp4',
    frames,
    rounds,
    ...cost,
    memory,
  };
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(join(root, 'bench/results/pipeline.json'), `${JSON.stringify(result, null, 2)}\n`);
  print(result);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** CPU milliseconds a frame of each part and of the whole, median over the rounds; the ratio is taken round by round. */
function compare(frames, raw) {
  const parts = {
    decode: ['ffmpeg', ...decodeArguments()],
    model: [process.execPath, join(root, 'bench/model-alone.mjs'), clip, String(frames)],
    encode: ['ffmpeg', '-v', 'error', '-y', '-i', raw, ...encodeArguments(), join(folder, 'alone.mp4')],
    whole: [process.execPath, join(root, 'dist/cli/main.js'), 'track', clip, '--quiet', '--overwrite'].concat(
      ['--video', join(folder, 'whole.mp4'), '--jsonl', join(folder, 'whole.jsonl')],
    ),
  };
  const seconds = Object.fromEntries(Object.keys(parts).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(parts)) seconds[name].push(cpuSeconds(command));
  }
  const perFrame = Object.fromEntries(
    Object.entries(seconds).map(([name, values]) => [name, rounded((1000 * median(values)) / frames)]),
  );
  const ratios = seconds.whole.map(
    (whole, at) => whole / (seconds.decode[at] + seconds.model[at] + seconds.encode[at]),
  );
  return { cpuMsPerFrame: perFrame, ratio: rounded(median(ratios)), ratios: ratios.map(rounded) };
}

/** Decoding and scaling as the source does it, with nobody to read the outcome. */
function decodeArguments() {
  const graph =
    '[0:v]split=2[m][p];[m]scale=416:233:flags=area,format=rgb24,pad=416:416:0:91:color=0x808080[model];' +
    '[p]format=yuv420p[picture]';
  return ['-v', 'error', '-i', clip, '-filter_complex', graph, '-map', '[model]', '-map', '[picture]'].concat(
    ['-c:v', 'rawvideo', '-vsync', 'passthrough', '-f', 'nut', '-y', '/dev/null'],
  );
}

/** Encoding as the video sink does it. */
function encodeArguments() {
  return [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '20',
    '-pix_fmt',
    'yuv420p',
    '-vsync',
    'passthrough',
  ];
}

/** Peak memory of the main process after 300 and after 3,000 frames of the same endless clip. */
async function flatness() {
  const endless = join(folder, 'long.mp4');
  ffmpeg(['-stream_loop', '2', '-i', longClip, '-an', '-c', 'copy', endless]);
  const peaks = {};
  for (const frames of [300, 3000]) {
    const args = ['track', endless, '--quiet', '--overwrite', '--max-frames', String(frames)];
    args.push('--video', join(folder, 'flat.mp4'), '--jsonl', join(folder, 'flat.jsonl'));
    peaks[frames] = await peakMegabytes(args);
  }
  return { peakMegabytes: peaks, growthMegabytes: rounded(peaks[3000] - peaks[300]) };
}

async function peakMegabytes(args) {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) / 1024);
    } catch {
      // It has just ended.
    }
  }, 200);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`sightline ended with ${code}`);
  return rounded(peak);
}

function cpuSeconds(command) {
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null';
  const text = execFileSync('bash', ['-c', `{ ${script}; } 2>&1`, 'bash', ...command], { encoding: 'utf8' });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(text) ?? [];
  if (user === undefined) throw new Error(`no times in: ${text}`);
  return Number(user) + Number(system);
}

function machine() {
  return `${cpus()[0]?.model.trim()} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}, ${ffmpegVersion()}`;
}

function ffmpegVersion() {
  return execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).split(' ').slice(0, 3).join(' ');
}

function countFrames(file) {
  const args = [
    '-v',
    'error',
    '-count_frames',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=nb_read_frames',
    '-of',
    'csv=p=0',
    file,
  ];
  return Number.parseInt(execFileSync('ffprobe', args, { encoding: 'utf8' }), 10);
}

function ffmpeg(args) {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}

function print({ machine: where, cpuMsPerFrame, ratio, ratios, memory }) {
  process.stdout.write(`${where}\n`);
  for (const [name, ms] of Object.entries(cpuMsPerFrame))
    process.stdout.write(`${name.padEnd(8)} ${ms.toFixed(2)} ms CPU a frame\n`);
  process.stdout.write(`whole / parts ${ratio} (rounds: ${ratios.join(', ')})\n`);
  if (memory !== undefined) process.stdout.write(`peak memory ${JSON.stringify(memory.peakMegabytes)} MB\n`);
}
