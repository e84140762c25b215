import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { SightlineError } from '../errors.js';
import { askFfmpeg } from './ask-ffmpeg.js';

/** Where the two programs are and what they say they are. */
export interface FfmpegInstallation {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  /** As ffmpeg prints it, for instance `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** First number of the version; undefined for builds named after a commit. */
  readonly major: number | undefined;
}

/**
 * Finds ffmpeg and ffprobe: `FFMPEG_PATH` and `FFPROBE_PATH` first, then the folder of the given ffmpeg, then the PATH.
 * @throws SightlineError ERR_FFMPEG_NOT_FOUND with the command that installs it here.
 */
export async function findFfmpeg(env: NodeJS.ProcessEnv = process.env): Promise<FfmpegInstallation> {
  const ffmpegPath = await locate('ffmpeg', 'FFMPEG_PATH', env, []);
  const beside = ffmpegPath === undefined ? [] : [dirname(ffmpegPath)];
  const ffprobePath = await locate('ffprobe', 'FFPROBE_PATH', env, beside);
  if (ffmpegPath === undefined || ffprobePath === undefined) {
    const missing = ffmpegPath === undefined ? 'ffmpeg' : 'ffprobe';
    throw new SightlineError(
      'ERR_FFMPEG_NOT_FOUND',
      `${missing} was not found on the PATH; install it with: ${await installCommand()} (or set FFMPEG_PATH)`,
    );
  }
  const version = await versionOf(ffmpegPath);
  const major = /^n?(\d+)\./.exec(version)?.[1];
  return { ffmpegPath, ffprobePath, version, major: major === undefined ? undefined : Number(major) };
}

/** The command that installs ffmpeg with this system's package manager. */
async function installCommand(
  platform: NodeJS.Platform = process.platform,
  path = process.env['PATH'] ?? '',
): Promise<string> {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (platform === 'darwin') return 'brew install ffmpeg';
  if (platform === 'win32') return 'winget install Gyan.FFmpeg';
  const managers = [
    ['apt-get', `${sudo}apt-get update && ${sudo}apt-get install -y ffmpeg`],
    ['dnf', `${sudo}dnf install -y ffmpeg-free`],
    ['pacman', `${sudo}pacman -S --noconfirm ffmpeg`],
    ['zypper', `${sudo}zypper install -y ffmpeg`],
    ['apk', `${sudo}apk add ffmpeg`],
  ] as const;
  for (const [manager, command] of managers) {
    for (const folder of path.split(delimiter)) if (await isExecutable(join(folder, manager))) return command;
  }
  return 'your package manager, or a build from ffmpeg.org';
}

async function locate(
  name: string,
  variable: string,
  env: NodeJS.ProcessEnv,
  beside: readonly string[],
): Promise<string | undefined> {
  const given = env[variable];
  if (given !== undefined && given !== '') {
    if (await isExecutable(given)) return given;
    throw new SightlineError(
      'ERR_FFMPEG_NOT_FOUND',
      `${variable} is set to "${given}", which is not a program that can be run`,
    );
  }
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const folder of [...beside, ...(env['PATH'] ?? '').split(delimiter)]) {
    if (!isAbsolute(folder)) continue;
    const candidate = join(folder, file);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function versionOf(ffmpegPath: string): Promise<string> {
  const text = await askFfmpeg(ffmpegPath, ['-version'], 'ERR_FFMPEG_NOT_FOUND');
  return /^ffmpeg version (\S+)/.exec(text)?.[1] ?? 'unknown';
}
