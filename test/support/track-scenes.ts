/** The made-up scenes of `test/golden/trackers` and what trackers found in them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Detection } from '../../src/contract/detector.js';

const FOLDER = fileURLToPath(new URL('../golden/trackers/', import.meta.url));

/** What a file of a scene says of each frame: its time, and rows of numbers. */
export interface SceneFrame {
  readonly ptsUs: number;
  readonly rows: readonly (readonly number[])[];
}

/** Reads a file of a scene. */
export function readScene(scene: string, file: string): SceneFrame[] {
  const text = readFileSync(`${FOLDER}${scene}/${file}.csv`, 'utf8').trimEnd();
  const frames: { ptsUs: number; rows: number[][] }[] = [];
  for (const line of text.split('\n')) {
    const [ms, ...row] = line.split(',').map(Number);
    const ptsUs = ms! * 1000;
    if (frames.at(-1)?.ptsUs !== ptsUs) frames.push({ ptsUs, rows: [] });
    if (row.length > 0) frames.at(-1)!.rows.push(row);
  }
  return frames;
}

/** The detections of each frame of a scene, with its time. */
export function sceneDetections(scene: string): { readonly ptsUs: number; readonly found: Detection[] }[] {
  return readScene(scene, 'detections').map(({ ptsUs, rows }) => ({
    ptsUs,
    found: rows.map(([x1, y1, x2, y2, confidence, classId]) => ({
      box: { x1: x1!, y1: y1!, x2: x2!, y2: y2! },
      classId: classId!,
      label: String(classId),
      confidence: confidence!,
    })),
  }));
}
