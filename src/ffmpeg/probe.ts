/** Asks ffprobe what an input holds, and answers with types and one clear line for whatever is wrong with it. */
import { SightlineError } from '../errors.js';
import type { ColourInfo, Rational } from '../contract/picture.js';
import type { FfmpegInput } from './child.js';
import { type FfprobeResult, runFfprobe } from './run-ffprobe.js';
import { ticksToMicroseconds } from './media-time.js';
import { type Orientation, orientationOf } from './orientation.js';
import { oneLine } from '../text/printable.js';
import { redact } from './redact.js';

/** What is known about the video of an input before it is decoded. */
export interface VideoProbe {
  /** Number of the video stream among all streams. */
  readonly streamIndex: number;
  /** Names of the container format, as ffmpeg gives them: `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly format: string;
  readonly codec: string;
  /** Size of the upright picture. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Shape of a pixel of the upright picture. */
  readonly pixelAspect: Rational;
  readonly pixelFormat: string;
  readonly timeBase: Rational;
  readonly frameRate?: Rational;
  /** Time of the first frame; 0 if the container does not say. */
  readonly startUs: number;
  /** Time of the earliest stream, which is where ffmpeg counts a seek from. */
  readonly containerStartUs: number;
  readonly durationUs?: number;
  /** Whether the duration is that of the video, and not of a container that holds other streams as well. */
  readonly statesDuration: boolean;
  /** As the container states it; edit lists may hide some. */
  readonly frameCount?: number;
  readonly colour: ColourInfo;
  readonly audioCodecs: readonly string[];
}

/** What to look at. */
export interface ProbeRequest {
  readonly ffprobePath: string;
  readonly input: FfmpegInput;
  /** How the input is called in errors: a path, or a URL without credentials. */
  readonly name: string;
  /** The first bytes of a file, to tell a damaged mp4 from what only has its name. */
  readonly head?: Uint8Array;
  /** Time that it may take; half a minute if not given. */
  readonly timeoutMs?: number;
}

interface ProbedStream {
  readonly index: number;
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly sample_aspect_ratio?: string;
  readonly time_base?: string;
  readonly avg_frame_rate?: string;
  readonly start_pts?: number;
  readonly duration?: string;
  readonly nb_frames?: string;
  readonly color_range?: string;
  readonly color_space?: string;
  readonly color_primaries?: string;
  readonly color_transfer?: string;
  readonly disposition?: Readonly<Record<string, number>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly side_data_list?: readonly { readonly displaymatrix?: string }[];
}

interface ProbeOutput {
  readonly streams?: readonly ProbedStream[];
  readonly format?: {
    readonly format_name?: string;
    readonly start_time?: string;
    readonly duration?: string;
  };
}

const PROBE_TIMEOUT_MS = 30_000;
const LARGEST_SIDE = 16384;
/** Decoders that paint text, which ffmpeg takes any file for whose name ends in .txt. */
const TEXT = /^(?:ansi|bintext|xbin|idf)$/;

/**
 * Looks at an input.
 * @throws SightlineError ERR_SOURCE_INVALID if there is no video that could be decoded, ERR_SOURCE_UNREADABLE if ffprobe
 * cannot get at it, ERR_ABORTED
 */
export async function probeVideo(request: ProbeRequest, signal: AbortSignal): Promise<VideoProbe> {
  const { ffprobePath, input, name, timeoutMs = PROBE_TIMEOUT_MS } = request;
  const args = ['-hide_banner', '-v', 'error', '-print_format', 'json', '-show_streams', '-show_format'];
  const result = await runFfprobe(ffprobePath, [...args, ...(input.options ?? []), '-i', input.url], {
    signal,
    timeoutMs,
    script: input.script,
  });
  return describeVideo(parseOutput(result, request), name);
}

/**
 * Makes a description of what ffprobe printed.
 * @throws SightlineError ERR_SOURCE_INVALID
 */
export function describeVideo(output: unknown, name: string): VideoProbe {
  const { streams = [], format = {} } = output as ProbeOutput;
  const stream = chooseVideo(streams, name);
  const { width = 0, height = 0 } = stream;
  if (TEXT.test(stream.codec_name ?? '')) throw invalid(`"${name}" is text and not a video`);
  if (width < 1 || height < 1) {
    throw invalid(
      `"${name}" has a video stream whose size cannot be found out; it may be damaged or cut short`,
    );
  }
  if (width > LARGEST_SIDE || height > LARGEST_SIDE) {
    throw invalid(
      `"${name}" is ${width}x${height}; pictures of up to ${LARGEST_SIDE} pixels a side can be processed`,
    );
  }
  const orientation = orientationOf(stream.side_data_list?.find((data) => data.displaymatrix)?.displaymatrix);
  const aspect = ratio(stream.sample_aspect_ratio) ?? { num: 1, den: 1 };
  const timeBase = ratio(stream.time_base);
  if (timeBase === undefined) throw invalid(`"${name}" has a video stream without a time base`);
  const frameRate = ratio(stream.avg_frame_rate);
  const containerStartUs = microseconds(format.start_time) ?? 0;
  const startUs =
    stream.start_pts === undefined ? containerStartUs : ticksToMicroseconds(stream.start_pts, timeBase);
  const durationUs = durationOf(stream, format, startUs, containerStartUs);
  const frameCount = Number(stream.nb_frames ?? Number.NaN);
  const { swapsAxes } = orientation;
  return {
    streamIndex: stream.index,
    format: format.format_name ?? 'unknown',
    codec: stream.codec_name ?? 'unknown',
    width: swapsAxes ? height : width,
    height: swapsAxes ? width : height,
    orientation,
    pixelAspect: swapsAxes ? { num: aspect.den, den: aspect.num } : aspect,
    pixelFormat: stream.pix_fmt ?? 'unknown',
    timeBase,
    ...(frameRate !== undefined && { frameRate }),
    startUs,
    containerStartUs,
    ...(durationUs !== undefined && { durationUs }),
    statesDuration: streams.length === 1 || ownDurationOf(stream) !== undefined,
    ...(Number.isSafeInteger(frameCount) && frameCount > 0 && { frameCount }),
    colour: colourOf(stream),
    audioCodecs: streams.flatMap((each) =>
      each.codec_type === 'audio' ? [each.codec_name ?? 'unknown'] : [],
    ),
  };
}

// The default one, else the first; not the cover of a song and not the thumbnails of a chapter.
function chooseVideo(streams: readonly ProbedStream[], name: string): ProbedStream {
  const videos = streams.filter((stream) => stream.codec_type === 'video');
  const moving = videos.filter(
    ({ disposition = {} }) => disposition['attached_pic'] !== 1 && disposition['timed_thumbnails'] !== 1,
  );
  const chosen = moving.find(({ disposition = {} }) => disposition['default'] === 1) ?? moving[0];
  if (chosen !== undefined) return chosen;
  const others = [...new Set(streams.map(({ codec_type: kind = 'unknown' }) => kind))];
  const cover = videos.length > 0 ? ', and a cover picture is not one' : '';
  const holds =
    others.length > 0 ? `it holds only ${others.join(' and ')} streams${cover}` : 'it holds no streams';
  throw invalid(`"${name}" has no video stream: ${holds}`);
}

/** Formats that state the time at which they end as their duration, as far as their writers agree. */
const STATES_END = /^(?:matroska,webm|asf|nut)$/;

function durationOf(
  stream: ProbedStream,
  format: NonNullable<ProbeOutput['format']>,
  startUs: number,
  containerStartUs: number,
): number | undefined {
  const own = ownDurationOf(stream);
  const stated = own ?? microseconds(format.duration);
  if (stated === undefined) return undefined;
  if (STATES_END.test(format.format_name ?? '')) return stated > startUs ? stated - startUs : stated;
  return own ?? Math.max(0, stated - (startUs - containerStartUs));
}

function ownDurationOf({ duration, tags = {} }: ProbedStream): number | undefined {
  const tag = Object.entries(tags).find(([key]) => key.toUpperCase() === 'DURATION')?.[1];
  return microseconds(duration) ?? clockMicroseconds(tag);
}

function colourOf(stream: ProbedStream): ColourInfo {
  const known = (value: string | undefined): value is string =>
    value !== undefined && value !== 'unknown' && value !== 'reserved';
  return {
    ...(known(stream.color_range) && { range: stream.color_range }),
    ...(known(stream.color_space) && { space: stream.color_space }),
    ...(known(stream.color_primaries) && { primaries: stream.color_primaries }),
    ...(known(stream.color_transfer) && { transfer: stream.color_transfer }),
  };
}

// `16:9` or `25/1`; undefined for 0:1, 0/0 and N/A, which all mean that nobody knows.
function ratio(text: string | undefined): Rational | undefined {
  const parts = /^(\d+)[:/](\d+)$/.exec(text ?? '');
  const [num, den] = [Number(parts?.[1]), Number(parts?.[2])];
  return num > 0 && den > 0 ? { num, den } : undefined;
}

function microseconds(text: string | undefined): number | undefined {
  const seconds = Number(text ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.round(seconds * 1e6) : undefined;
}

// Matroska states durations as 00:01:02.500000000.
function clockMicroseconds(text: string | undefined): number | undefined {
  const parts = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text ?? '');
  if (parts === null) return undefined;
  return Math.round((Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3])) * 1e6);
}

function parseOutput(
  result: FfprobeResult,
  { name, input, head, timeoutMs = PROBE_TIMEOUT_MS }: ProbeRequest,
): unknown {
  if (result.code === undefined) {
    throw unreadable(`"${name}" could not be looked at within ${timeoutMs / 1000} s`);
  }
  const text = result.stderr.split(input.url).join(name);
  const isHttp = /^https?:/i.test(input.url);
  if (result.code === 0) {
    // The index was read to its end, and now there is no way back to the pictures.
    if (isHttp && text.includes('partial file')) {
      const why = 'its index (moov) lies at its end and the server gives no parts of files (ranges)';
      throw unreadable(`"${name}" cannot be decoded: ${why}; download it first`);
    }
    return parseJson(result.stdout);
  }
  const host = /Failed to resolve hostname (\S+?):? /.exec(text)?.[1];
  if (host !== undefined) {
    const message = `"${name}" cannot be opened: the host "${host}" is not known; check the address and the network`;
    throw new SightlineError('ERR_SOURCE_NOT_FOUND', message);
  }
  const closed = /Stream ends prematurely at (\d+), should be (\d{1,15})\n/.exec(text);
  if (closed !== null) {
    const bytes = `the connection was closed after ${closed[1]!} of ${closed[2]!} bytes`;
    throw new SightlineError('ERR_SOURCE_TRUNCATED', `"${name}" cannot be opened: ${bytes}`);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const last = oneLine(redact(lines.at(-1) ?? 'ffprobe gave no reason'));
  // The same is said of anything whose name ends in .mp4.
  if (text.includes('moov atom not found') && head !== undefined && MP4_BOXES.has(boxType(head))) {
    throw invalid(
      `"${name}" is cut short: its index (moov) is missing, so it cannot be decoded; copy it again`,
    );
  }
  if (/Invalid data found|moov atom not found/.test(text)) {
    throw invalid(`"${name}" is not a video that ffmpeg can read`);
  }
  if (text.includes('Picture size 0x0 is invalid')) {
    throw invalid(
      `"${name}" holds raw pictures of an unknown size; convert it to a format that says it, such as .y4m`,
    );
  }
  const reason = last.startsWith(`${name}: `) ? last.slice(name.length + 2) : last;
  if (!reason.includes('404 Not Found')) throw unreadable(`"${name}" cannot be opened: ${reason}`);
  throw new SightlineError('ERR_SOURCE_NOT_FOUND', `"${name}" cannot be opened: ${reason}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SightlineError('ERR_FFMPEG_FAILED', 'ffprobe printed something that is not JSON', { cause });
  }
}

const MP4_BOXES = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide', 'uuid']);

function boxType(head: Uint8Array): string {
  return Buffer.from(head.subarray(4, 8)).toString('latin1');
}

function unreadable(message: string): SightlineError {
  return new SightlineError('ERR_SOURCE_UNREADABLE', message);
}

function invalid(message: string): SightlineError {
  return new SightlineError('ERR_SOURCE_INVALID', message);
}
