import { rm, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { Sink } from '../../contract/sink.js';
import type { FrameGeometry } from '../../contract/frame.js';
import type { PixelBuffer } from '../../contract/picture.js';
import type { SourceInfo } from '../../contract/source.js';
import { paintHeatMap, type RgbImage } from './paint-heat-map.js';
import { reasonOf } from '../../files/reasons.js';
import { OutputFile } from '../files/output-file.js';
import { createRgbScaler } from '../pixels/rgb-scaler.js';

/** Where the heat map of one source goes. */
export interface HeatMapSinkOptions {
  /** Ends in .png. */
  readonly path: string;
  /** Whether an existing file may be replaced. */
  readonly overwrite?: boolean;
}

/** Grey of a map that has no picture under it. */
const PLAIN = 72;

/**
 * Writes the heat map of a source as a PNG when the source ends, over a picture from the second half of it, or over plain grey
 * where frames have no pixels. A source without analytics leaves no file.
 *
 * `prepare` throws ERR_SINK_EXISTS and ERR_SINK_UNWRITABLE; `end` of a stream ERR_SINK_FAILED.
 * @throws SightlineError ERR_USAGE for a path that does not end in .png.
 */
export function createHeatMapSink({ path, overwrite = false }: HeatMapSinkOptions): Sink {
  if (extname(path).toLowerCase() !== '.png')
    throw new SightlineError(
      'ERR_USAGE',
      `the heat map output "${path}" is written as PNG; let its name end in .png`,
    );
  const output = new OutputFile(path, overwrite, 'heat map');
  let owner: string | undefined;
  return {
    name: 'heat map',
    policy: 'wait',
    pixels: true,
    prepare: () => output.check(),
    open(source) {
      if (owner !== undefined)
        return Promise.reject(
          new SightlineError(
            'ERR_USAGE',
            `the heat map output "${path}" already belongs to "${owner}"; give "${source.id}" its own file`,
          ),
        );
      owner = source.id;
      const kept = new KeptImage();
      let placed = false;
      return Promise.resolve({
        write({ frame }) {
          if (frame.image !== undefined) kept.offer(frame.image, frame.geometry);
          return Promise.resolve();
        },
        async end(_outcome, _events, heatMap) {
          if (heatMap === undefined) return;
          const image = kept.toRgb(source);
          paintHeatMap(image, heatMap);
          await writePng(image, output);
          placed = true;
        },
        describe: () => (placed ? path : undefined),
      });
    },
    close: () => Promise.resolve(),
  };
}

/** Copies the frames 1, 2, 4, 8 …: few copies, and the last of them is never from the first half. */
class KeptImage {
  #planes: Uint8Array | undefined;
  #geometry: FrameGeometry | undefined;
  #seen = 0;
  #next = 1;

  offer({ data }: PixelBuffer, geometry: FrameGeometry): void {
    if (++this.#seen < this.#next) return;
    this.#next *= 2;
    this.#geometry = geometry;
    if (this.#planes?.length === data.length) this.#planes.set(data);
    else this.#planes = Uint8Array.from(data);
  }

  /** The newest copy in its own size, or plain grey in that of the source. */
  toRgb({ width, height }: SourceInfo): RgbImage {
    if (this.#planes === undefined || this.#geometry === undefined)
      return { width, height, data: new Uint8ClampedArray(width * height * 3).fill(PLAIN) };
    const scaler = createRgbScaler(this.#geometry, Math.max(this.#geometry.width, this.#geometry.height));
    return { width: scaler.width, height: scaler.height, data: scaler.scale(this.#planes) };
  }
}

async function writePng({ data, width, height }: RgbImage, output: OutputFile): Promise<void> {
  const part = output.partPath('part');
  try {
    // Loaded when it is needed: most runs write no pictures.
    const { default: sharp } = await import('sharp');
    await writeFile(
      part,
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
  } catch (cause) {
    await rm(part, { force: true });
    throw new SightlineError('ERR_SINK_FAILED', `writing "${output.name}" failed: ${reasonOf(cause)}`, {
      cause,
    });
  }
  await output.place(part);
}
