import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCoco } from '../../../src/eval/datasets/coco.js';
import { evaluateDetections } from '../../../src/eval/detections/evaluate-detections.js';
import type { Bbox } from '../../../src/eval/labels.js';

interface Case {
  readonly name: string;
  readonly truth: object;
  readonly found: readonly { image_id: number; category_id: number; bbox: Bbox; score: number }[];
  readonly expected: {
    readonly summary: Readonly<Record<string, number>>;
    readonly classes: Readonly<
      Record<string, { AP: number; AP50: number; AR100: number; curve75: number[] } | null>
    >;
  };
}

const cases = JSON.parse(
  readFileSync(new URL('../../golden/coco-scenes/cases.json', import.meta.url), 'utf8'),
) as Case[];

/** pycocotools writes −1 for what cannot be measured. */
const orMinusOne = (value: number): number => (Number.isNaN(value) ? -1 : value);

describe('the numbers of pycocotools', () => {
  it.each(cases)('$name', ({ truth: json, found, expected }) => {
    const truth = parseCoco(JSON.stringify(json), 'truth.json');
    const perImage = truth.images.map(({ key }) =>
      found
        .filter(({ image_id }) => String(image_id) === key)
        .map(({ category_id, bbox, score }) => ({
          ...{ bbox, confidence: score },
          classId: truth.classKeys.indexOf(String(category_id)),
        })),
    );
    const { scores } = evaluateDetections(truth, perImage);
    const summary = new Map<string, number>(Object.entries(scores.summary));
    for (const [key, value] of Object.entries(expected.summary))
      expect(orMinusOne(summary.get(key)!), key).toBeCloseTo(value, 9);
    expect(scores.classes.map(({ name }) => name)).toEqual(Object.keys(expected.classes));
    for (const { name, AP, AP50, AR100, curve75 } of scores.classes) {
      const one = expected.classes[name];
      if (one === null) expect([AP, AP50, AR100]).toEqual([NaN, NaN, NaN]);
      else {
        expect(AP, name).toBeCloseTo(one!.AP, 9);
        expect(AP50, name).toBeCloseTo(one!.AP50, 9);
        expect(AR100, name).toBeCloseTo(one!.AR100, 9);
        curve75.forEach((value, at) => {
          expect(value, `${name} at ${at}`).toBeCloseTo(one!.curve75[at]!, 9);
        });
      }
    }
  });
});
