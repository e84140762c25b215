/** From the address of a camera to what ffmpeg is given. Pure: a table of tests holds it for every version of ffmpeg. */
import { SightlineError } from '../../errors.js';
import type { FfmpegInput } from '../../ffmpeg/child.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import { redact } from '../../ffmpeg/redact.js';
import { oneLine } from '../../text/printable.js';
import type { CameraOptions } from './options.js';

/** Protocols that an input may open, by the scheme of its address: nothing that a stream says can make it open a file. */
const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  rtsp: ['rtsp', 'rtp', 'tcp', 'udp', 'srtp', 'crypto'],
  rtsps: ['rtsps', 'rtp', 'tcp', 'tls', 'udp', 'srtp', 'crypto'],
  http: ['http', 'https', 'tcp', 'tls', 'crypto'],
  https: ['http', 'https', 'tcp', 'tls', 'crypto'],
  rtmp: ['rtmp', 'tcp'],
  rtmps: ['rtmps', 'tcp', 'tls'],
  srt: ['srt', 'udp'],
  udp: ['udp'],
};

/** A camera that ffmpeg can be started on. */
export interface CameraInput extends FfmpegInput {
  /** For people: one line, without credentials. */
  readonly name: string;
}

/**
 * What ffmpeg and ffprobe are given for a camera. An address with credentials in it does not stand on their command lines,
 * which every user of a machine can read: it is the one entry of a list that they read from their standard input. ffmpeg
 * before 5.0 knows no options in such lists, and is given the address itself.
 * @throws SightlineError ERR_USAGE for an address that no camera has.
 */
export function cameraInput(
  options: CameraOptions,
  { major }: Pick<FfmpegInstallation, 'major'>,
): CameraInput {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(options.url)?.[1]?.toLowerCase();
  const protocols = PROTOCOLS[scheme ?? ''];
  const name = oneLine(redact(options.url));
  if (scheme === undefined || protocols === undefined)
    throw new SightlineError(
      'ERR_USAGE',
      `"${name}" is no address of a camera: it begins with one of ${Object.keys(PROTOCOLS).join('://, ')}://`,
    );
  // Something that is not a URL may hold a password where `redact` does not look for one.
  if (!URL.canParse(options.url) || /[\r\n]/.test(options.url))
    throw new SightlineError(
      'ERR_USAGE',
      `the address of a camera begins with ${scheme}:// but is not a URL`,
    );
  const url = options.url.replace(/^[^:]*/, scheme);
  const connection = connectionOptions(scheme, options, major);
  const isSecret = redact(url) !== url && (major === undefined || major >= 5);
  const whitelist = [...protocols, ...(isSecret ? ['pipe'] : [])].join(',');
  // What is old when it comes is worth nothing: no queue in the demuxer, no delay in the decoder, no waiting to find out a rate.
  const prompt = ['-protocol_whitelist', whitelist, '-fflags', 'nobuffer', '-flags', 'low_delay'];
  const rate = ['fpsprobesize', '0'] as const;
  if (!isSecret)
    return {
      url,
      name,
      options: [...prompt, ...[rate, ...connection].flatMap(([key, value]) => [`-${key}`, value])],
    };
  return {
    url: 'pipe:0',
    name,
    options: [...prompt, '-f', 'concat', '-safe', '0'],
    script: [
      'ffconcat version 1.0',
      `file ${quoted(url)}`,
      ...[rate, ...connection].map(optionLine),
      '',
    ].join('\n'),
  };
}

/** Whether a stream of this format has times of its own; where ffmpeg makes them up, that of arrival is the only one. */
export function hasClock(format: string): boolean {
  return !/^(?:mpjpeg|mjpeg|h264|hevc)$/.test(format);
}

/** Options of the protocol, by name. */
function connectionOptions(
  scheme: string,
  { transport, connectTimeout, stallTimeout }: CameraOptions,
  major: number | undefined,
): (readonly [string, string])[] {
  const timeoutUs = String(Math.round(Math.max(connectTimeout, 2 * stallTimeout) * 1e6));
  if (scheme === 'rtsp' || scheme === 'rtsps') {
    // -stimeout became -timeout with 5.0, where -timeout had meant to wait for a caller before.
    const timeout = major !== undefined && major < 5 ? 'stimeout' : 'timeout';
    return [
      ['rtsp_transport', transport],
      [timeout, timeoutUs],
    ];
  }
  if (scheme === 'udp') return [['timeout', timeoutUs]];
  return scheme === 'srt' ? [] : [['rw_timeout', timeoutUs]];
}

function optionLine([key, value]: readonly [string, string]): string {
  return `option ${key} ${value}`;
}

/** As the list wants text that it is to take as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
