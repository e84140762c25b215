import { extname } from 'node:path';
import { SightlineError } from '../../errors.js';

/** A file format that annotated video can be written in. */
export interface Container {
  readonly extension: string;
  /** ffmpeg's name of the muxer. */
  readonly muxer: string;
  /** Video encoders in order of preference. */
  readonly videoEncoders: readonly VideoEncoder[];
  /** Whether an audio codec can be copied into it. */
  readonly takesAudio: (codec: string) => boolean;
  /** Encoders for audio that cannot be copied, in order of preference. */
  readonly audioEncoders: readonly string[];
  /** Whether timestamps keep any time base; Matroska rounds to milliseconds. */
  readonly exactTimes: boolean;
}

/** ffmpeg's names of the encoders that are known here. */
export type VideoEncoder = 'libx264' | 'libopenh264' | 'mpeg4' | 'libvpx-vp9' | 'libvpx';

const H264_OR_MPEG4 = ['libx264', 'libopenh264', 'mpeg4'] as const;
// FLAC is there since ffmpeg 5.1 only on demand, as an experiment, and not every player knows it.
const MP4_AUDIO = new Set(['aac', 'mp3', 'ac3', 'eac3', 'opus', 'alac']);
const MOV_AUDIO = new Set(['aac', 'mp3', 'ac3', 'eac3', 'alac']);
const WEBM_AUDIO = new Set(['opus', 'vorbis']);
const MP4 = {
  muxer: 'mp4',
  videoEncoders: H264_OR_MPEG4,
  takesAudio: (codec: string) => MP4_AUDIO.has(codec),
  audioEncoders: ['aac'],
  exactTimes: true,
} as const;

const CONTAINERS: readonly Container[] = [
  { extension: '.mp4', ...MP4 },
  { extension: '.m4v', ...MP4 },
  {
    ...MP4,
    extension: '.mov',
    muxer: 'mov',
    takesAudio: (codec) => MOV_AUDIO.has(codec) || /^pcm_(s16|s24|s32|f32|f64)/.test(codec),
  },
  {
    extension: '.mkv',
    muxer: 'matroska',
    videoEncoders: H264_OR_MPEG4,
    // Nearly everything, but not what only exists in old phones, in game files or in Blu-ray streams.
    takesAudio: (codec) =>
      !/^(unknown|none|amr_|adpcm_|pcm_(mulaw|alaw|bluray|dvd|s8)|wmalossless|qdm)/.test(codec),
    audioEncoders: ['aac'],
    exactTimes: false,
  },
  {
    extension: '.webm',
    muxer: 'webm',
    videoEncoders: ['libvpx-vp9', 'libvpx'],
    takesAudio: (codec) => WEBM_AUDIO.has(codec),
    audioEncoders: ['libopus', 'libvorbis'],
    exactTimes: false,
  },
];

/**
 * The container that a path's extension names.
 * @throws SightlineError ERR_USAGE that lists the known extensions.
 */
export function containerOf(path: string): Container {
  const extension = extname(path);
  const found = CONTAINERS.find((container) => container.extension === extension.toLowerCase());
  if (found !== undefined) return found;
  const known = CONTAINERS.map((container) => container.extension).join(', ');
  const problem = extension === '' ? 'has no extension' : `has the unknown extension "${extension}"`;
  throw new SightlineError('ERR_USAGE', `the video output "${path}" ${problem}; use one of ${known}`);
}

/**
 * The best video encoder that there is.
 * @throws SightlineError ERR_FFMPEG_FAILED if the build of ffmpeg has none that fits.
 */
export function chooseVideoEncoder(container: Container, available: ReadonlySet<string>): VideoEncoder {
  const found = container.videoEncoders.find((name) => available.has(name));
  if (found !== undefined) return found;
  throw new SightlineError(
    'ERR_FFMPEG_FAILED',
    `this ffmpeg has no encoder for ${container.extension} video (${container.videoEncoders.join(', ')}); install a fuller build or use another extension`,
  );
}
