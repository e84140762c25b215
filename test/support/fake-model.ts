/** A model whose detections are a script: what lies behind the detector is tested without the time that a network takes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { ROOT } from './cli.js';

/** Nobody looks at the pixels, so there are few: a third of the clips' 768 × 432, with eight rows of border on both sides. */
const INPUT = { width: 256, height: 160 };

/** Frames after which the scene begins again. */
const LENGTH = 100;

/**
 * Makes a model folder that stays until the tests of the file have run, and says how to run with it. In each frame there are two cars: one drives from right to left, eight pixels a
 * frame, and another stands in the left half with the jitter that detectors have.
 * @returns flags of the command line.
 */
export async function fakeModel(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sightline-model-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const shipped = JSON.parse(readFileSync(`${ROOT}models/street-b0/model.json`, 'utf8')) as { input: object };
  const manifest = { ...shipped, input: { ...shipped.input, ...INPUT } };
  await writeFile(`${folder}/model.json`, JSON.stringify(manifest));
  await writeFile(
    `${folder}/fake.json`,
    JSON.stringify(Array.from({ length: LENGTH }, (_, f) => sceneAt(f))),
  );
  return ['--model', folder, '--device', 'fake'];
}

function sceneAt(frame: number): object[] {
  const jitter = ((frame * 7) % 5) - 2;
  return [car(760 - 8 * frame, 330, 0.9), car(220 + jitter, 360 - jitter, 0.85)];
}

/** A car of 120 × 70 pixels around a place in the clips. */
function car(x: number, y: number, confidence: number): object {
  const box = [(x - 60) / 3, (y - 35) / 3 + 8, (x + 60) / 3, (y + 35) / 3 + 8];
  return { class: 'car', box, confidence };
}
