/** The ffmpeg command line that turns one input into frames for us. */
import type { FfmpegCommand, FfmpegInput } from '../../ffmpeg/child.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';
import type { FrameRequest } from '../../contract/frame.js';
import type { Letterbox } from '../../contract/picture.js';
import { CLOCK_IMAGE, clockPixels, mayJumpForward } from './epoch-clock.js';
import { pictureScaling } from './picture-colour.js';

/** Which part of an input is decoded. */
export interface DecodeRange {
  /** Seconds from the beginning of the input. */
  readonly start?: number | undefined;
  /** Seconds of media time. */
  readonly duration?: number | undefined;
  /** Every n-th frame is delivered, from the first. */
  readonly stride?: number | undefined;
  /** At most so many frames a second of media time. */
  readonly fps?: number | undefined;
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

/** Number of the stream of times in what ffmpeg writes. It comes first: what lies at one time is written in this order. */
export const CLOCK_STREAM = 0;
/** Number of the stream of network inputs. */
export const INPUT_STREAM = 1;
/** Number of the stream of pictures. */
export const IMAGE_STREAM = 2;

/**
 * Seconds that ffmpeg adds to every timestamp: NUT has no negative ones, and ffmpeg's own remedy is to move the first frame
 * to zero without telling by how much. In time bases and in microseconds alike this is a whole number.
 */
const SHIFT_SECONDS = 86_400;

/** The ticks that `SHIFT_SECONDS` come to; to be taken off again. */
export function shiftTicks({ timeBase }: Pick<VideoProbe, 'timeBase'>): number {
  return SHIFT_SECONDS * timeBase.den;
}

/** The command. Its stdout is NUT with times, the network's frames and, if asked for, the pictures. */
export function decodeCommand(request: DecodeRequest): FfmpegCommand {
  const { ffmpeg, input, probe, frames, threads } = request;
  const { num, den } = probe.timeBase;
  const seconds = seekSeconds(request);
  return {
    ffmpegPath: ffmpeg.ffmpegPath,
    inputs: [
      {
        ...input,
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
        ...['-map', '[clock]', '-map', '[model]'],
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

/**
 * First and last moment of a range in microseconds of the input's timeline, which is that of its first epoch; the last
 * moment is not part of it.
 */
export function rangeMicroseconds(probe: VideoProbe, range: DecodeRange): { from: number; until: number } {
  const { start = 0, duration = Infinity } = range;
  const from = start > 0 ? probe.containerStartUs + start * 1e6 : probe.startUs;
  return { from, until: from + duration * 1e6 };
}

/** Times that are told in whole microseconds may lie as much beside the tick that they mean. */
export const ROUNDED_US = 1;

/** The filter graph between decoder and encoders. */
export function filterGraph({ probe, letterbox, frames, range }: DecodeRequest): string {
  const { stride = 1, fps } = range;
  const grey = frames.input.pad.toString(16).padStart(2, '0').repeat(3);
  const upright = [
    ...trim(probe, range),
    ...(stride === 1 ? [] : [`select='if(mod(n\\,${stride})\\,${LIFE_SIGN}\\,1)'`]),
    ...(fps === undefined ? [] : [`select='if(${beginsTick(fps)}\\,1\\,${LIFE_SIGN})'`]),
    ...probe.orientation.filters,
    `setpts=PTS+${shiftTicks(probe)}`,
  ].join(',');
  const { width, height, x, y, inputWidth: inputWidth, inputHeight: inputHeight } = letterbox;
  const model = [
    `scale=w='${width}+0*${REPORT_SIZE}':h=${height}:flags=${frames.input.kernel}`,
    'format=rgb24',
    `pad=${inputWidth}:${inputHeight}:${x}:${y}:color=0x${grey}`,
    'setsar=1',
    'split=2[model][time]',
  ].join(',');
  const { width: clockWidth, height: clockHeight } = CLOCK_IMAGE;
  const clock = `[time]crop=${clockWidth}:${clockHeight}:0:0,format=gray,geq=lum='${clockPixels(probe.timeBase)}'[clock]`;
  const from = `[0:${probe.streamIndex}]${upright}`;
  if (!frames.image) return `${from},${model};${clock}`;
  // Scaling yuv420p does nothing unless the size changes in mid-stream, or a range is named.
  const picture = `scale=${probe.width}:${probe.height}${pictureScaling(probe)},format=yuv420p,setsar=1`;
  return `${from},split=2[m][p];[m]${model};${clock};[p]${picture}[picture]`;
}

// The first frame in each interval of 1 / fps, so that the rate is right on average. Times in ticks are seldom whole: the
// small part keeps a frame on the border in the interval that it begins.
function beginsTick(fps: number): string {
  const interval = (time: string): string => `floor(${time}*${fps}+0.001)`;
  return `isnan(prev_selected_t)+not(eq(${interval('t')}\\,${interval('prev_selected_t')}))`;
}

/** In a warning of its own, each time that the size of the decoded picture is new: ffmpeg itself says nothing of it. */
const REPORT_SIZE = 'print(iw*65536+ih\\,24)';

/**
 * Answers zero, and prints one now and then: frames are left out, but ffmpeg is at work. Larger numbers are sizes.
 */
const LIFE_SIGN = 'if(mod(n\\,16)\\,0\\,0*print(0\\,24))';

// We cut to the range ourselves: exact in the stream's own ticks. What begins later is not cut by its time any more, as the
// clock may start again. The end of an input whose clock may jump forward is found where the jumps are known.
function trim(probe: VideoProbe, range: DecodeRange): string[] {
  const { start = 0 } = range;
  const { from, until } = rangeMicroseconds(probe, range);
  const ticks = (us: number): number =>
    Math.ceil(((us - ROUNDED_US) * probe.timeBase.den) / (probe.timeBase.num * 1e6));
  const begun = `st(0\\,ld(0)+gte(pts\\,${ticks(from)}))`;
  const begin = start > 0 ? [`select='if(${begun}\\,1\\,${LIFE_SIGN})'`] : [];
  const end = until === Infinity || mayJumpForward(probe) ? [] : [`trim=end_pts=${ticks(until)}`];
  return [...begin, ...end];
}

/** Formats without an index of key frames; where a seek lands in them, the decoder may first have to wait for one. */
const UNINDEXED = /^(?:mpegts|mpeg|mpegvideo|h264|hevc|vvc|m4v|h261|h263|obu|ivf)$/;

// Somewhat before the start: what comes too early is cut off.
function seekSeconds({ probe, range: { start = 0 } }: DecodeRequest): number {
  return start - (UNINDEXED.test(probe.format) ? 15 : 0.1);
}

// -fps_mode came with 5.1; later versions warn of -vsync and then lose it. Builds named after a commit are recent.
function hasFpsMode({ version, major }: FfmpegInstallation): boolean {
  if (major === undefined || major > 5) return true;
  return major === 5 && !/^n?5\.0/.test(version);
}
