/** Runs the built command line as a person would, and looks at the processes it has. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = `${ROOT}dist/cli/main.js`;

/** A bundled clip. */
export function clip(name: 'car-detection' | 'one-by-one-person-detection'): string {
  return `${ROOT}examples/clips/${name}.mp4`;
}

/** A finished run. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** Starts `sightline` with these arguments. */
export function startCli(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Running {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, finished };
}

/** Runs `sightline` to its end. */
export function runCli(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Finished> {
  return startCli(args, options).finished;
}

/** Polls until `look` answers something; the test's own time limit bounds it. */
export async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A live process below another one. */
export interface Descendant {
  readonly pid: number;
  readonly command: string;
}

/** All live processes below `pid`, by the kernel's table; zombies do not count. */
export function descendantsOf(pid: number): Descendant[] {
  const table = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      return [];
    }
  });
  const found: Descendant[] = [];
  for (const parents = [pid]; parents.length > 0;) {
    const parent = parents.pop();
    for (const row of table) {
      if (row.parent !== parent) continue;
      found.push({ pid: row.pid, command: row.command });
      parents.push(row.pid);
    }
  }
  return found;
}

/** Whether a process is there and not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** What ffprobe says of the first video stream, frames counted by decoding. */
export function probeVideo(file: string): {
  frames: number;
  duration: number;
  codec: string;
  width: number;
  height: number;
} {
  const text = execFileSync(
    'ffprobe',
    ['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-of', 'json'].concat([
      '-show_entries',
      'stream=nb_read_frames,codec_name,width,height:format=duration',
      file,
    ]),
    { encoding: 'utf8' },
  );
  const { streams, format } = JSON.parse(text) as {
    streams: { nb_read_frames: string; codec_name: string; width: number; height: number }[];
    format: { duration: string };
  };
  const [stream] = streams;
  return {
    frames: Number(stream!.nb_read_frames),
    duration: Number(format.duration),
    codec: stream!.codec_name,
    width: stream!.width,
    height: stream!.height,
  };
}

/** Presentation times of all video frames in seconds, as ffprobe prints them. */
export function timestampsOf(file: string): string[] {
  const text = execFileSync(
    'ffprobe',
    ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file],
    { encoding: 'utf8' },
  );
  return text
    .split('\n')
    .map((line) => line.replace(/,.*$/, '').trim())
    .filter((line) => line !== '');
}

/** A hash over the audio packets of a file. */
export function audioHash(file: string): string {
  return execFileSync(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-map', '0:a', '-c', 'copy', '-f', 'streamhash', '-'],
    {
      encoding: 'utf8',
    },
  );
}
