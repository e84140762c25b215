/** What there is at an address, found out as a run would: the first thing to do with a new camera. */
import type { Source } from '../contract/source.js';
import { SightlineError } from '../errors.js';
import { type FfmpegInstallation, findFfmpeg } from '../ffmpeg/find-ffmpeg.js';
import { measurePackets, type PacketFacts } from '../ffmpeg/measure-packets.js';
import { probeVideo, type VideoProbe } from '../ffmpeg/probe.js';
import { createFramePool } from '../pipeline/frame-pool.js';
import { cameraInput, hasClock } from '../sources/camera/camera-input.js';
import { createCameraSource } from '../sources/camera/camera-source.js';
import { cameraOptions } from '../sources/camera/options.js';
import { probeCamera } from '../sources/camera/probe-camera.js';
import { troubleOf } from '../sources/camera/trouble.js';
import { createFileSource } from '../sources/file/file-source.js';
import { locateInput } from '../sources/file/locate-input.js';
import { sourceOfText } from '../sources/source-of-text.js';

/** What to look at, and how. */
export interface InspectRequest {
  /** Path or address. */
  readonly input: string;
  /** Whether it is a camera; what `track` would take it for if not given. */
  readonly live?: boolean | undefined;
  readonly transport?: 'tcp' | 'udp' | undefined;
  /** Seconds of packets that are measured. */
  readonly seconds: number;
}

/** What was found. */
export interface Inspection {
  /** Without credentials. */
  readonly name: string;
  readonly live: boolean;
  readonly probe: VideoProbe;
  readonly packets: PacketFacts;
  /** Whether the stream has times of its own; frames of one without get those of their arrival. */
  readonly hasClock: boolean;
  /** Milliseconds until it was known what the input holds. */
  readonly connectMs: number;
  /** Milliseconds from the start of a run's decoder to the first frame. */
  readonly firstFrameMs: number;
}

const CAPACITY = 4;
/** A small picture, as for a network. */
const INPUT = { width: 64, height: 64, pad: 128, kernel: 'area' } as const;

/**
 * Connects, measures and decodes one frame.
 * @throws SightlineError saying in its code what is wrong: password, path, network, or what the stream holds.
 */
export async function inspectInput(request: InspectRequest, signal: AbortSignal): Promise<Inspection> {
  const { input: text, seconds } = request;
  const live = request.live ?? sourceOfText(text).type === 'camera';
  const ffmpeg = await findFfmpeg();
  const { ffprobePath } = ffmpeg;
  const { located, source, look } = live ? camera(request, ffmpeg) : await file(request, ffmpeg);
  try {
    const startedMs = performance.now();
    const probe = await look(signal);
    const connectMs = performance.now() - startedMs;
    const { streamIndex } = probe;
    const packets = await measurePackets({ ffprobePath, ...located, streamIndex, seconds }, signal);
    const firstFrameMs = await timeToFirstFrame(source, signal);
    const clock = !live || hasClock(probe.format);
    return { name: located.name, live, probe, packets, hasClock: clock, connectMs, firstFrameMs };
  } catch (error) {
    if (!live) throw error;
    const { code, reason } = troubleOf(error);
    throw new SightlineError(code, reason, { cause: error });
  }
}

function camera({ input: url, transport }: InspectRequest, ffmpeg: FfmpegInstallation) {
  // It is not tried again: why it does not work is what was asked for.
  const options = cameraOptions.parse({ url, ...(transport !== undefined && { transport }), giveUpAfter: 0 });
  const { name, ...input } = cameraInput(options, ffmpeg);
  const source = createCameraSource({ id: 'probe', options, ffmpeg });
  return { located: { name, input }, source, look: (s: AbortSignal) => probeCamera(options, ffmpeg, s) };
}

async function file({ input }: InspectRequest, ffmpeg: FfmpegInstallation) {
  const { ffprobePath } = ffmpeg;
  const source = createFileSource({ id: 'probe', path: input, ffmpeg });
  const located = await locateInput(input);
  return { located, source, look: (s: AbortSignal) => probeVideo({ ffprobePath, ...located }, s) };
}

async function timeToFirstFrame(source: Source, signal: AbortSignal): Promise<number> {
  const request = { input: INPUT, image: false };
  const info = await source.open(request, signal, () => undefined);
  const pool = createFramePool({ sourceId: info.id, capacity: CAPACITY, geometry: info, request });
  const startedMs = performance.now();
  for await (const frame of source.frames(pool, signal)) {
    frame.release();
    return performance.now() - startedMs;
  }
  throw new SightlineError('ERR_SOURCE_DECODE', `no frame of "${info.uri}" could be decoded`);
}
