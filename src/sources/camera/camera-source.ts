/**
 * A camera: a stream that is connected to for as long as the run lasts. Whatever it does — it is absent at the start, it
 * goes away, hangs, comes back with another size or another clock — is told as a change of state, and is tried again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame, FrameGeometry, FramePool, FrameRequest } from '../../contract/frame.js';
import type { Logger } from '../../contract/logger.js';
import type { Source, SourceInfo, SourceReport } from '../../contract/source.js';
import { SightlineError } from '../../errors.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';
import { letterboxFor } from '../../geometry/letterbox.js';
import { Backoff } from '../../timing/backoff.js';
import { decodeCommand } from '../decode/decode-command.js';
import { DecodeRun } from '../decode/decode-run.js';
import { pictureColour } from '../decode/picture-colour.js';
import { cameraInput, type CameraInput, hasClock } from './camera-input.js';
import type { CameraOptions } from './options.js';
import { probeCamera } from './probe-camera.js';
import { Timeline } from './timeline.js';
import { troubleOf } from './trouble.js';

/** What a camera is made of. */
export interface CameraParts {
  readonly id: string;
  readonly options: CameraOptions;
  readonly ffmpeg: FfmpegInstallation;
  readonly logger?: Logger | undefined;
}

const FIRST_WAIT_MS = 500;
/** A connection that lasted so long was a good one: the waits begin anew. */
const STABLE_MS = 5000;
/** A stall becomes a new connection after so many times `stallTimeout`. */
const GIVE_UP_STALLS = 3;

/** Makes a source of a camera. @throws SightlineError ERR_USAGE for an address that no camera has. */
export function createCameraSource(parts: CameraParts): Source {
  return new CameraSource(parts, cameraInput(parts.options, parts.ffmpeg));
}

/** What is known of a connection before its first frame. */
interface Connection {
  readonly probe: VideoProbe;
  readonly geometry: FrameGeometry;
}

class CameraSource implements Source {
  readonly live = true;
  readonly id: string;
  readonly #parts: CameraParts;
  readonly #input: CameraInput;
  readonly #backoff: Backoff;
  readonly #timeline = new Timeline();
  #opened: { readonly first: Connection; readonly request: FrameRequest } | undefined;
  #report: (report: SourceReport) => void = () => undefined;
  #run: DecodeRun | undefined;
  #errorsBefore = 0;
  /** Since when there is no frame, by the monotonic clock. */
  #quietSinceMs = 0;
  /** The trouble that was told last; undefined while frames come. */
  #told: string | undefined;

  constructor(parts: CameraParts, input: CameraInput) {
    this.id = parts.id;
    this.#parts = parts;
    this.#input = input;
    const { longestWait } = parts.options;
    this.#backoff = new Backoff({ firstMs: FIRST_WAIT_MS, longestMs: 1000 * longestWait });
  }

  get decodeErrors(): number {
    return this.#errorsBefore + (this.#run?.decodeErrors ?? 0);
  }

  async open(
    request: FrameRequest,
    signal: AbortSignal,
    report: (report: SourceReport) => void,
  ): Promise<SourceInfo> {
    this.#report = report;
    this.#quietSinceMs = performance.now();
    const first = await this.#connect(request, signal);
    this.#opened = { first, request };
    const { probe, geometry } = first;
    const { timeBase, frameRate, audioCodecs } = probe;
    return {
      ...{ id: this.id, uri: this.#input.name, live: true, startUs: 0, ...geometry, timeBase, audioCodecs },
      ...(frameRate !== undefined && { frameRate }),
    };
  }

  async *frames(pool: FramePool, signal: AbortSignal): AsyncIterable<Frame> {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined)
      throw new SightlineError('ERR_USAGE', `frames of "${this.id}" are asked for once, after it was opened`);
    const { request } = opened;
    const { duration = Infinity, maxFrames = Infinity } = this.#parts.options;
    let firstUs: number | undefined;
    let { first: connection } = opened;
    let { geometry } = connection;
    let index = 0;
    for (;;) {
      const run = this.#decode(connection, request, pool, signal, geometry);
      this.#run = run;
      geometry = connection.geometry;
      const startedMs = performance.now();
      try {
        await run.start();
        for (;;) {
          const { slot, mediaUs } = (await run.next()) ?? this.#disconnected();
          const arrivedMs = performance.now();
          this.#arrived(arrivedMs);
          const ownUs = hasClock(connection.probe.format) ? mediaUs : undefined;
          const ptsUs = this.#timeline.next(ownUs, arrivedMs);
          firstUs ??= ptsUs;
          if (ptsUs - firstUs >= 1e6 * duration) {
            slot.discard();
            return;
          }
          yield slot.publish({ index, ptsUs, capturedAt: Date.now() });
          if (++index === maxFrames) return;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (performance.now() - startedMs > STABLE_MS) this.#backoff.succeeded();
        await this.#stopRun(run);
        await this.#recover(error, signal);
      } finally {
        await this.#stopRun(run);
      }
      connection = await this.#connect(request, signal);
      this.#timeline.reconnected();
    }
  }

  /** Looks at what the camera delivers, again and again until there is something. */
  async #connect(request: FrameRequest, signal: AbortSignal): Promise<Connection> {
    const { ffmpeg, options, logger } = this.#parts;
    for (;;) {
      try {
        const probe = await probeCamera(options, ffmpeg, signal);
        const { width, height, pixelAspect, codec } = probe;
        const letterbox = letterboxFor(request.input, width, height, pixelAspect);
        logger?.debug({ source: this.id, codec, width, height }, 'connected');
        return { probe, geometry: { width, height, pixelAspect, colour: pictureColour(probe), letterbox } };
      } catch (error) {
        signal.throwIfAborted();
        await this.#recover(error, signal);
      }
    }
  }

  #decode(
    { probe, geometry }: Connection,
    request: FrameRequest,
    pool: FramePool,
    signal: AbortSignal,
    before: FrameGeometry,
  ): DecodeRun {
    const { ffmpeg, options, logger } = this.#parts;
    const { name, ...input } = this.#input;
    const { fps, threads, stallTimeout } = options;
    const range = { fps };
    const { letterbox } = geometry;
    return new DecodeRun({
      ...{ sourceId: this.id, name, probe, range, request, pool, signal, logger, live: true },
      command: decodeCommand({ ffmpeg, input, probe, letterbox, frames: request, range, threads }),
      expectedFrames: undefined,
      stall: { stallMs: 1000 * stallTimeout, giveUpMs: GIVE_UP_STALLS * 1000 * stallTimeout },
      report: (report) => {
        this.#told = report.state === 'running' ? undefined : report.code;
        this.#report(report);
      },
      ...(!sameGeometry(geometry, before) && { opens: geometry }),
    });
  }

  async #stopRun(run: DecodeRun): Promise<void> {
    await run.stop();
    if (this.#run !== run) return;
    this.#errorsBefore += run.decodeErrors;
    this.#run = undefined;
  }

  #disconnected(): never {
    throw new SightlineError('ERR_SOURCE_DISCONNECTED', `"${this.#input.name}" has ended the stream`);
  }

  #arrived(nowMs: number): void {
    const seconds = ((nowMs - this.#quietSinceMs) / 1000).toFixed(1);
    this.#quietSinceMs = nowMs;
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#report({ state: 'running', reason: `frames come again after ${seconds} s without` });
  }

  /** Tells what is wrong, unless it was told last, and waits before the next attempt. @throws what `error` is, to give up. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { code, reason, isRefusal, isChange } = troubleOf(error);
    const { giveUpAfter = Infinity, longestWait } = this.#parts.options;
    const quietMs = performance.now() - this.#quietSinceMs;
    if (quietMs >= 1000 * giveUpAfter)
      throw new SightlineError(code, `${reason}; given up after ${giveUpAfter} s without a frame`);
    const told = `${code} ${reason}`;
    if (told !== this.#told) this.#report({ state: 'reconnecting', code, reason });
    this.#told = told;
    if (isChange) return;
    const waitMs = this.#backoff.failed();
    const ms = isRefusal ? 1000 * longestWait : Math.min(waitMs, 1000 * giveUpAfter - quietMs);
    await delay(ms, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

function sameGeometry(one: FrameGeometry, other: FrameGeometry): boolean {
  const { width, height, pixelAspect } = one;
  const sameAspect = pixelAspect.num * other.pixelAspect.den === pixelAspect.den * other.pixelAspect.num;
  return width === other.width && height === other.height && sameAspect;
}
