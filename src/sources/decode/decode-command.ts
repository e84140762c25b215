/** The ffmpeg command line that turns one input into frames for us. */
import type { FfmpegCommand, FfmpegInput } from '../../ffmpeg/child.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';
import type { FrameRequest } from '../../contract/frame.js';
import type { Letterbox } from '../../contract/picture.js';

/** Which part of an input is decoded. */
export interface DecodeRange {
  /** Seconds from the beginning of the input. */
  readonly start?: number | undefined;
  /** Seconds of media time. */
  readonly duration?: number | undefined;
  /** Every n-th frame is delivered, from the first. */
  readonly stride?: number | undefined;
}

/** All that a command line is made of. */
export interface DecodeRequest {
  readonly ffmpeg: FfmpegInstallation;
  readonly input: FfmpegInput;
  readonly probe: VideoProbe;
  readonly letterbox: Letterbox;
  readonly frames: FrameRequest;
  readonly range: DecodeRange;
  /** Threads of the decoder; ffmpeg's own choice if not given. */
  readonly threads?: number | undefined;
}

/** Number of the stream of network inputs in what ffmpeg writes. */
export const INPUT_STREAM = 0;
/** Number of the stream of pictures. */
export const IMAGE_STREAM = 1;

/**
 * Seconds that ffmpeg adds to every timestamp: NUT has no negative ones, and ffmpeg's own remedy is to move the first frame
 * to zero without telling by how much. In time bases and in microseconds alike this is a whole number.
 */
const SHIFT_SECONDS = 86_400;

/** Microseconds that `SHIFT_SECONDS` × the numerator of the time base come to; to be taken off again. */
export function shiftMicroseconds({ timeBase }: VideoProbe): number {
  return SHIFT_SECONDS * timeBase.num * 1e6;
}

/** The command. Its stdout is NUT with the network's frames as stream 0 and, if asked for, the pictures as stream 1. */
export function decodeCommand(request: DecodeRequest): FfmpegCommand {
  const { ffmpeg, input, probe, frames, threads } = request;
  const { num, den } = probe.timeBase;
  const seconds = seekSeconds(request);
  return {
    ffmpegPath: ffmpeg.ffmpegPath,
    inputs: [
      {
        url: input.url,
        options: [
          ...(input.options ?? []),
          ...(threads === undefined ? [] : ['-threads', String(threads)]),
          // We rotate in the graph, where the size of the outcome is ours to know.
          '-noautorotate',
          ...(seconds > 0 ? ['-ss', seconds.toFixed(6)] : []),
        ],
      },
    ],
    outputOptions: [
      ...[
        '-filter_complex',
        filterGraph(request),
        '-map',
        '[model]',
        ...(frames.image ? ['-map', '[picture]'] : []),
      ],
      ...['-c:v', 'rawvideo', '-enc_time_base', `${num}:${den}`, '-copyts'],
      ...[hasFpsMode(ffmpeg) ? '-fps_mode' : '-vsync', 'passthrough'],
      // Frames of one time leave together however far apart in time frames are.
      ...['-max_interleave_delta', '0', '-avoid_negative_ts', 'disabled'],
      // How much damage is too much is decided here and not by ffmpeg's exit code.
      ...['-max_error_rate', '1', '-f', 'nut'],
    ],
    output: 'pipe:1',
    stdin: 'ignore',
  };
}

/** First and last moment of a range in the timeline of the input, in microseconds; the last is not part of it. */
export function rangeMicroseconds(probe: VideoProbe, range: DecodeRange): { from: number; until: number } {
  const { start = 0, duration = Infinity } = range;
  const from = start > 0 ? probe.containerStartUs + start * 1e6 : probe.startUs;
  return { from, until: from + duration * 1e6 };
}

/** The filter graph between decoder and encoders. */
export function filterGraph({ probe, letterbox, frames, range }: DecodeRequest): string {
  const { stride = 1 } = range;
  const grey = frames.input.pad.toString(16).padStart(2, '0').repeat(3);
  const upright = [
    ...trim(probe, range),
    ...(stride === 1 ? [] : [`select='not(mod(n\\,${stride}))'`]),
    ...probe.orientation.filters,
    `setpts=PTS+${SHIFT_SECONDS * probe.timeBase.den}`,
  ].join(',');
  const { width, height, x, y, inputWidth: inputWidth, inputHeight: inputHeight } = letterbox;
  const model = [
    `scale=w='${width}+0*${REPORT_SIZE}':h=${height}:flags=${frames.input.kernel}`,
    'format=rgb24',
    `pad=${inputWidth}:${inputHeight}:${x}:${y}:color=0x${grey}`,
    'setsar=1',
  ].join(',');
  const from = `[0:${probe.streamIndex}]${upright}`;
  if (!frames.image) return `${from},${model}[model]`;
  // Scaling does nothing unless the size changes in mid-stream. The range is only named where it has to change, because
  // naming it costs a copy of each picture.
  const range420 = isLimitedRange(probe) ? '' : ':out_range=tv';
  const picture = `scale=${probe.width}:${probe.height}${range420},format=yuv420p,setsar=1`;
  return `${from},split=2[m][p];[m]${model}[model];[p]${picture}[picture]`;
}

/** In a warning of its own, each time that the size of the decoded picture is new: ffmpeg itself says nothing of it. */
const REPORT_SIZE = 'print(iw*65536+ih\\,24)';

// We cut to the range ourselves: exact in the stream's own ticks, and right after a size change, which makes the graph anew.
function trim(probe: VideoProbe, range: DecodeRange): string[] {
  const { start = 0, duration = Infinity } = range;
  if (start === 0 && duration === Infinity) return [];
  const { from, until } = rangeMicroseconds(probe, range);
  const ticks = (us: number): number => Math.ceil((us * probe.timeBase.den) / (probe.timeBase.num * 1e6));
  const begin = start > 0 ? [`start_pts=${ticks(from)}`] : [];
  const end = until === Infinity ? [] : [`end_pts=${ticks(until)}`];
  return [`trim=${[...begin, ...end].join(':')}`];
}

/** Formats without an index of key frames; where a seek lands in them, the decoder may first have to wait for one. */
const UNINDEXED = /^(?:mpegts|mpeg|mpegvideo|h264|hevc|vvc|m4v|h261|h263|obu|ivf)$/;

// Somewhat before the start: what comes too early is cut off.
function seekSeconds({ probe, range: { start = 0 } }: DecodeRequest): number {
  return start - (UNINDEXED.test(probe.format) ? 15 : 0.1);
}

function isLimitedRange({ colour, pixelFormat }: VideoProbe): boolean {
  return colour.range !== 'pc' && pixelFormat === 'yuv420p';
}

// -fps_mode came with 5.1; later versions warn of -vsync and then lose it. Builds named after a commit are recent.
function hasFpsMode({ version, major }: FfmpegInstallation): boolean {
  if (major === undefined || major > 5) return true;
  return major === 5 && !/^n?5\.0/.test(version);
}
