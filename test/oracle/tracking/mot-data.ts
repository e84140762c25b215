import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Detection } from '../../../src/contract/detector.js';

/** The MOT15 data may not be shipped (CC BY-NC-SA), so these tests run only where it lies beside the checkout. */
const folder = resolve(import.meta.dirname, '../../../../shared/data/mot');

export const hasMotData = existsSync(resolve(folder, 'oracle/bytetrack'));

/** Detections of each frame of a sequence, in file order; empty frames included. */
export function readDetections(sequence: string, frames: number): Detection[][] {
  const perFrame = Array.from({ length: frames }, (): Detection[] => []);
  for (const [frame, , x1, y1, width, height, confidence] of readRows(`${sequence}/det.txt`)) {
    const box = { x1: x1!, y1: y1!, x2: x1! + width!, y2: y1! + height! };
    perFrame[frame! - 1]!.push({ box, classId: 0, label: 'person', confidence: confidence! });
  }
  return perFrame;
}

/** The numbers of a comma-separated file. */
export function readRows(path: string): number[][] {
  const lines = readFileSync(resolve(folder, path), 'utf8').trim().split('\n');
  return lines.map((line) => line.split(',').map(Number));
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(resolve(folder, path), 'utf8')) as unknown;
}

export function hasFile(path: string): boolean {
  return existsSync(resolve(folder, path));
}

/** The sequences, with their lengths and frame rates. */
export function sequencesOf(): { name: string; frames: number; rate: number }[] {
  return readdirSync(folder)
    .filter((name) => hasFile(`${name}/seqinfo.ini`))
    .map((name) => {
      const text = readFileSync(resolve(folder, name, 'seqinfo.ini'), 'utf8');
      const value = (key: string): number => Number(new RegExp(`${key}=([\\d.]+)`).exec(text)![1]);
      return { name, frames: value('seqLength'), rate: value('frameRate') };
    });
}
