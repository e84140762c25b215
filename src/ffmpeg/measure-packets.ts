/** Asks ffprobe what the packets of a video are like over some seconds: what a container says of a stream is often a guess. */
import { SightlineError } from '../errors.js';
import type { FfmpegInput } from './child.js';
import { runFfprobe } from './run-ffprobe.js';

/** What the packets of some seconds come to. */
export interface PacketFacts {
  readonly packets: number;
  /** Media time between the first and the last packet, in seconds. */
  readonly seconds: number;
  /** Frames a second of media time, by the middle one of the gaps between them. */
  readonly rate?: number;
  /** Largest number of seconds from one key frame to the next; not known if fewer than two came. */
  readonly keyFrameSeconds?: number;
  readonly bitsPerSecond?: number;
}

interface Packet {
  readonly pts_time?: string;
  readonly dts_time?: string;
  readonly size?: string;
  readonly flags?: string;
}

/** Time for connecting, beside the seconds that are measured. */
const GRACE_MS = 15_000;

/**
 * Reads packets of one video stream for some seconds of its time.
 * @throws SightlineError ERR_SOURCE_UNREADABLE, ERR_ABORTED
 */
export async function measurePackets(
  request: {
    readonly ffprobePath: string;
    readonly input: FfmpegInput;
    readonly name: string;
    readonly streamIndex: number;
    readonly seconds: number;
  },
  signal: AbortSignal,
): Promise<PacketFacts> {
  const { ffprobePath, input, name, streamIndex, seconds } = request;
  const what = [
    ...['-show_packets', '-show_entries', 'packet=pts_time,dts_time,size,flags'],
    ...['-select_streams', String(streamIndex), '-read_intervals', `%+${seconds}`],
  ];
  const result = await runFfprobe(
    ffprobePath,
    ['-v', 'error', '-print_format', 'json', ...what, ...(input.options ?? []), '-i', input.url],
    { signal, timeoutMs: 1000 * seconds + GRACE_MS, script: input.script },
  );
  if (result.code !== 0)
    throw new SightlineError(
      'ERR_SOURCE_UNREADABLE',
      `packets of "${name}" did not come for ${seconds} s; the stream may have stopped`,
    );
  return factsOf((JSON.parse(result.stdout) as { packets?: readonly Packet[] }).packets ?? []);
}

/** What packets come to. */
export function factsOf(packets: readonly Packet[]): PacketFacts {
  const timed = packets.flatMap(({ pts_time, dts_time, flags = '' }) => {
    const seconds = Number(pts_time ?? dts_time);
    return Number.isFinite(seconds) ? [{ seconds, isKey: flags.startsWith('K') }] : [];
  });
  const times = timed.map(({ seconds }) => seconds);
  const span = timed.length < 2 ? 0 : Math.max(...times) - Math.min(...times);
  const keys = timed.flatMap(({ seconds, isKey }) => (isKey ? [seconds] : []));
  const gaps = keys.slice(1).map((seconds, at) => seconds - keys[at]!);
  const bytes = packets.reduce((sum, { size }) => sum + Number(size ?? 0), 0);
  // The middle one, as the first frames of a connection may come with odd times.
  const steps = times.toSorted((a, b) => a - b).map((seconds, at, all) => seconds - (all[at - 1] ?? seconds));
  const step = steps.slice(1).toSorted((a, b) => a - b)[Math.floor((steps.length - 1) / 2)] ?? 0;
  const whole = span + step;
  return {
    packets: packets.length,
    seconds: span,
    ...(step > 0 && { rate: 1 / step, bitsPerSecond: (8 * bytes) / whole }),
    ...(gaps.length > 0 && { keyFrameSeconds: Math.max(...gaps) }),
  };
}
