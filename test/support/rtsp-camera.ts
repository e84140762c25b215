/** A real camera for tests: an RTSP server of GStreamer in a process of its own. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What the camera is started with; see rtsp-camera.py. */
export interface CameraSettings {
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /** `320x240` if not given. */
  readonly size?: string;
  readonly rate?: number;
  /** Frames from one key frame to the next. */
  readonly gop?: number;
  readonly bframes?: number;
}

const SCRIPT = fileURLToPath(new URL('rtsp-camera.py', import.meta.url));
/** Debian's own, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** Whether what the camera is made of is installed: `node scripts/setup.mjs --camera` sees to it. */
export function hasCamera(): boolean {
  return spawnSync(PYTHON, [SCRIPT, '--check'], { stdio: 'ignore' }).status === 0;
}

/** A camera at work. */
export class RtspCamera {
  readonly port: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    child: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterator<string>,
    port: number,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** Starts a camera; it listens when this settles. */
  static async start(settings: CameraSettings = {}): Promise<RtspCamera> {
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(PYTHON, [SCRIPT, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
    const reader: Interface = createInterface(child.stdout);
    const lines = reader[Symbol.asyncIterator]();
    const first = await lines.next();
    const port = Number(/^port (\d+)$/.exec(String(first.value))?.[1]);
    if (!(port > 0)) throw new Error('the camera did not start; is gir1.2-gst-rtsp-server-1.0 installed?');
    return new RtspCamera(child, lines, port);
  }

  /** Address of the stream. */
  url(credentials = '', path = 'live'): string {
    return `rtsp://${credentials}127.0.0.1:${this.port}/${path}`;
  }

  /** Has the camera do something, and waits until it has. */
  async tell(command: 'drop' | 'pause' | 'play' | `size ${string}`): Promise<void> {
    this.#child.stdin.write(`${command}\n`);
    await this.#lines.next();
  }

  /** Ends the camera as a power cut would. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
