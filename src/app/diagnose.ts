/** Looks at everything a run needs, without running one. */
import { availableParallelism } from 'node:os';
import { messageOf, toError } from '../errors.js';
import { findFfmpeg } from '../ffmpeg/find-ffmpeg.js';
import type { InputSize } from '../geometry/input-size.js';
import { letterboxFor } from '../geometry/letterbox.js';
import { listBackends } from '../model/backends/choose.js';
import { createHostedDetector } from '../model/host/supervisor.js';
import { loadManifest } from '../model/manifest.js';

/** More classes than these are counted and not named. */
const MOST_LISTED = 20;

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  /** `missing` is a problem; `absent` is something optional that is not there. */
  readonly status: 'ok' | 'missing' | 'absent';
  readonly text: string;
  readonly error?: Error;
}

/** The model to try, and how. */
interface WhatToTry {
  readonly modelDir: string;
  readonly device: string;
  readonly size: InputSize | undefined;
}

/** Checks Node, ffmpeg, model and backends, and lets the network look at one grey picture. */
export async function diagnose({ modelDir, device, size }: WhatToTry): Promise<Finding[]> {
  const node = `${process.version} on ${process.platform} ${process.arch}, ${availableParallelism()} cores`;
  return [
    { subject: 'node', status: 'ok', text: node },
    await attempt('ffmpeg', async () => {
      const { ffmpegPath, version } = await findFfmpeg();
      return `${version} (${ffmpegPath})`;
    }),
    await attempt('model', async () => {
      const { name, input, classes } = await loadManifest(modelDir);
      const listed = classes.length > MOST_LISTED ? `${classes.length} classes` : classes.join(' ');
      return `${name}, ${input.width}x${input.height}, ${listed} (${modelDir})`;
    }),
    ...(await listBackends()).map(({ backend, device: name, available, reason }): Finding => ({
      subject: `${backend}:${name}`,
      status: available ? 'ok' : 'absent',
      text: reason,
    })),
    await attempt('inference', () => inferOnce({ modelDir, device, size })),
  ];
}

async function inferOnce(what: WhatToTry): Promise<string> {
  const detector = await createHostedDetector({ ...what, maxBatch: 1 });
  try {
    const { geometry, backend, device: chosen, precision, version, reason } = detector.info;
    const { width, height, pad } = geometry;
    const letterbox = letterboxFor(geometry, width, height);
    const picture = { pixels: new Uint8Array(width * height * 3).fill(pad), letterbox };
    await detector.detect([picture]);
    const started = performance.now();
    await detector.detect([picture]);
    const took = (performance.now() - started).toFixed(0);
    return `${backend} ${version} on ${chosen}, ${precision}, ${width}x${height}, ${took} ms a frame; ${reason}`;
  } finally {
    await detector.close();
  }
}

async function attempt(subject: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, status: 'ok', text: await look() };
  } catch (error) {
    return { subject, status: 'missing', text: messageOf(error), error: toError(error) };
  }
}
