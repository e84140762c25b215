import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { letterboxOf } from '../../src/geometry/letterbox.js';
import type { ModelInput } from '../../src/contract/detector.js';

/** A frame of a bundled clip (768 × 432) from `seconds` on, letterboxed by ffmpeg to `side` × `side`. */
export function clipFrame(clip: string, seconds: number, side: number): ModelInput {
  const letterbox = letterboxOf(768, 432, side, side);
  const { width, height, x, y } = letterbox;
  const path = fileURLToPath(new URL(`../../examples/clips/${clip}`, import.meta.url));
  const filter = `scale=${width}:${height},pad=${side}:${side}:${x}:${y}:0x808080`;
  const input = ['-v', 'error', '-ss', String(seconds), '-i', path];
  const output = ['-frames:v', '1', '-vf', filter, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const ffmpeg = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
  const pixels = execFileSync(ffmpeg, [...input, ...output], { maxBuffer: 1 << 24 });
  return { letterbox, pixels: new Uint8Array(pixels) };
}
