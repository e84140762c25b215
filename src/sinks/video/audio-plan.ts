import type { Container } from './container.js';

/** The audio of a source, and how it gets into the file. */
export interface AudioPlan {
  readonly input: string;
  readonly streams: readonly PlannedStream[];
}

/** One stream that is taken over. */
interface PlannedStream {
  /** Its number among the audio streams of the source. */
  readonly index: number;
  readonly codec: string;
  /** Name of an encoder, or `copy`. */
  readonly encoder: string;
}

/**
 * Decides what becomes of each audio stream: copied where the container takes it, else encoded. Streams of which ffmpeg
 * does not know what they are cannot be either.
 * @returns undefined if nothing can be kept.
 */
export function planAudio(
  container: Container,
  audioCodecs: readonly string[],
  available: ReadonlySet<string>,
  input: string,
): AudioPlan | undefined {
  const encoder = container.audioEncoders.find((name) => available.has(name));
  const streams = audioCodecs.flatMap((codec, index) => {
    if (codec === 'unknown' || codec === 'none') return [];
    const chosen = container.takesAudio(codec) ? 'copy' : encoder;
    return chosen === undefined ? [] : [{ index, codec, encoder: chosen }];
  });
  return streams.length === 0 ? undefined : { input, streams };
}

/** The same with nothing copied; undefined if nothing was copied, or there is no encoder. */
export function encodeAll(
  plan: AudioPlan,
  container: Container,
  available: ReadonlySet<string>,
): AudioPlan | undefined {
  const encoder = container.audioEncoders.find((name) => available.has(name));
  if (encoder === undefined || plan.streams.every((stream) => stream.encoder !== 'copy')) return undefined;
  return { ...plan, streams: plan.streams.map((stream) => ({ ...stream, encoder })) };
}
