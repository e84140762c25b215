import type { FfmpegCommand } from '../../ffmpeg/child.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { ColourInfo, Rational } from '../../contract/picture.js';
import type { Container, VideoEncoder } from './container.js';

/** What is to be encoded, and how. */
export interface Encoding {
  readonly ffmpeg: FfmpegInstallation;
  readonly container: Container;
  readonly encoder: VideoEncoder;
  readonly width: number;
  readonly height: number;
  /** Seconds per tick of the timestamps that come in, kept in the file where the container can. */
  readonly timeBase: Rational;
  /** Frames per second, for rate control and the length of the last frame. */
  readonly frameRate: number;
  readonly colour: ColourInfo;
  /** Whether the file is the final one, and its index belongs at the front. */
  readonly final: boolean;
  readonly output: string;
}

/**
 * The command that encodes NUT from its stdin. Timestamps go through unchanged: no frame is made, dropped or moved.
 */
export function encodeCommand(encoding: Encoding): FfmpegCommand {
  const { ffmpeg, container, final, output } = encoding;
  const { num, den } = timeBaseOf(encoding);
  const narrowed = encoding.colour.range === 'pc' && !TELLS_RANGE.includes(encoding.encoder);
  const stored = narrowed ? { ...encoding.colour, range: 'tv' } : encoding.colour;
  return {
    ffmpegPath: ffmpeg.ffmpegPath,
    stdin: 'pipe',
    // The header says all there is to know: nothing is gained by reading ahead.
    inputs: [
      {
        url: 'pipe:0',
        options: [
          ...['-f', 'nut', '-analyzeduration', '0', '-fpsprobesize', '0'],
          ...colourOptions(encoding.colour),
        ],
      },
    ],
    outputOptions: [
      ...['-map', '0:v:0', '-copyts'],
      ...passthrough(ffmpeg),
      ...(narrowed ? ['-vf', 'scale=in_range=pc:out_range=tv'] : []),
      ...['-enc_time_base', `${num}:${den}`, '-pix_fmt', 'yuv420p'],
      ...encoderOptions(encoding),
      ...colourOptions(stored),
      ...lastFrameLength(encoding),
      ...containerOptions(container, ffmpeg, { num, den }, final),
      '-y',
    ],
    output,
  };
}

/** Options that make a muxer keep timestamps of `timeBase`, at the front of whose file the index goes if it is `final`. */
export function containerOptions(
  container: Container,
  ffmpeg: FfmpegInstallation,
  timeBase: Rational,
  final: boolean,
): string[] {
  const options = ['-f', container.muxer];
  // Priming packets of audio lie before zero; by default everything is moved to make room for them.
  if (!container.exactTimes) return [...options, '-avoid_negative_ts', 'disabled'];
  options.push('-video_track_timescale', `${timeBase.den}`);
  // An edit list, which says when a track begins, counts in the movie's time scale: by default milliseconds. A multiple
  // of the track's scale tells the start exactly, and audio's to the microsecond.
  if (isAtLeast(ffmpeg, 5))
    options.push('-movie_timescale', `${timeBase.den * Math.ceil(1e6 / timeBase.den)}`);
  if (final) options.push('-movflags', '+faststart');
  return options;
}

/** MPEG-4 Part 2 stores its clock in 16 bits. */
const MPEG4_LONGEST_CLOCK = 65_535;

/** The time base that the encoder can work in: `timeBase`, but for MPEG-4 with a finer one. */
export function timeBaseOf({ encoder, timeBase }: Pick<Encoding, 'encoder' | 'timeBase'>): Rational {
  if (encoder !== 'mpeg4' || timeBase.den <= MPEG4_LONGEST_CLOCK) return timeBase;
  return { num: 1, den: 60_000 };
}

function passthrough({ version, major }: FfmpegInstallation): string[] {
  const old = (major !== undefined && major < 5) || /^n?5\.0(\D|$)/.test(version);
  return old ? ['-vsync', 'passthrough'] : ['-fps_mode', 'passthrough'];
}

/** Encoders whose streams say that they use the full range; all players take those of others for limited. */
const TELLS_RANGE: readonly VideoEncoder[] = ['libx264', 'libopenh264', 'libvpx-vp9'];

/** Players and ffmpeg refuse composition offsets from here on; in ticks. */
const LARGEST_OFFSET = 2 ** 28;
/** Frames that wait for a later one: as many as the encoder has B-frames in a row, and that one. */
const REORDERED = 4;
const LONGEST_GAP_SECONDS = 600;

// With B-frames each picture is offset against decoding by the time of a few frames, and nobody knows how long gaps will be.
function reordering({ container, timeBase, frameRate }: Encoding): string[] {
  if (!container.exactTimes) return [];
  const seconds = REORDERED * Math.max(LONGEST_GAP_SECONDS, 2 / frameRate);
  return (seconds * timeBase.den) / timeBase.num < LARGEST_OFFSET ? [] : ['-bf', '0'];
}

function encoderOptions(encoding: Encoding): string[] {
  const { encoder, width, height, frameRate } = encoding;
  const interval = ['-g', `${Math.max(12, Math.round(frameRate * KEY_INTERVAL_SECONDS))}`];
  // About the rate that H.264 needs for a picture of this size to look good; for encoders without constant quality.
  const bitRate = ['-b:v', `${Math.round(width * height * Math.min(60, frameRate) * 0.15)}`];
  switch (encoder) {
    case 'libx264': {
      // Without a rate, x264 takes the time base for one and declares a level that players refuse.
      const rate = `fps=${Math.round(frameRate * 1000)}/1000`;
      return [
        '-c:v',
        encoder,
        '-preset',
        'veryfast',
        '-crf',
        '20',
        '-x264-params',
        rate,
        ...interval,
        ...reordering(encoding),
      ];
    }
    case 'libopenh264':
      return ['-c:v', encoder, '-rc_mode', 'quality', '-qmin', '18', '-qmax', '28', ...bitRate, ...interval];
    case 'mpeg4':
      return ['-c:v', encoder, '-q:v', '4', ...interval];
    case 'libvpx-vp9':
      return [
        ...['-c:v', encoder, '-deadline', 'realtime', '-cpu-used', '8', '-row-mt', '1'],
        ...['-crf', '30', '-b:v', '0', ...interval],
      ];
    case 'libvpx':
      return [
        ...['-c:v', encoder, '-deadline', 'realtime', '-cpu-used', '8', '-crf', '10'],
        ...bitRate,
        ...interval,
      ];
  }
}

const KEY_INTERVAL_SECONDS = 4;

/**
 * Raw pictures have no length: without one the last frame would be shown for a single tick. The filter counts in what it
 * calls TB; that of ffmpeg 5 counts in the ticks of the file, and calls something else TB.
 */
function lastFrameLength(encoding: Encoding): string[] {
  const { ffmpeg, container, frameRate } = encoding;
  if (!isAtLeast(ffmpeg, 5)) return [];
  const perSecond = container.exactTimes ? timeBaseOf(encoding).den : MATROSKA_TICKS;
  const ticks =
    ffmpeg.major === 5
      ? String(Math.max(1, Math.round(perSecond / frameRate)))
      : `round(1/${frameRate.toFixed(6)}/TB)`;
  return ['-bsf:v', `setts=pts=PTS:dts=DTS:duration=${ticks}`];
}

const MATROSKA_TICKS = 1000;

/**
 * Colour tags, both for the decoder, so that the pictures carry them, and for the encoder, as ffmpeg 4 does not take them
 * from the pictures. Names that ffprobe prints and the options do not know are translated; what is unknown is left out.
 */
function colourOptions({ range, space, primaries, transfer }: ColourInfo): string[] {
  const options: string[] = [];
  const add = (name: string, value: string | undefined, known: readonly string[]): void => {
    if (value !== undefined && known.includes(value)) options.push(name, value);
  };
  add('-color_range', range, ['tv', 'pc']);
  add('-colorspace', space, SPACES);
  add('-color_primaries', primaries, PRIMARIES);
  add('-color_trc', RENAMED_TRANSFERS.get(transfer ?? '') ?? transfer, TRANSFERS);
  return options;
}

const SPACES = ['bt709', 'fcc', 'bt470bg', 'smpte170m', 'smpte240m', 'ycgco', 'bt2020nc', 'bt2020c'];
const PRIMARIES = [
  'bt709',
  'bt470m',
  'bt470bg',
  'smpte170m',
  'smpte240m',
  'film',
  'bt2020',
  'smpte428',
  'smpte431',
  'smpte432',
];
const TRANSFERS = [
  ...['bt709', 'gamma22', 'gamma28', 'smpte170m', 'smpte240m', 'linear', 'iec61966-2-4', 'bt1361e'],
  ...['iec61966-2-1', 'bt2020-10', 'bt2020-12', 'smpte2084', 'smpte428', 'arib-std-b67'],
];
const RENAMED_TRANSFERS = new Map([
  ['bt470m', 'gamma22'],
  ['bt470bg', 'gamma28'],
]);

/** Builds without a version number are made from recent sources. */
function isAtLeast({ major }: FfmpegInstallation, wanted: number): boolean {
  return major === undefined || major >= wanted;
}
