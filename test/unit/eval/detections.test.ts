import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAnchors } from '../../../src/eval/detections/find-anchors.js';
import { evaluateDetections } from '../../../src/eval/detections/evaluate-detections.js';
import { keepClasses } from '../../../src/eval/detections/keep-classes.js';
import { compareReports } from '../../../src/eval/report/compare-report.js';
import {
  type DetectionsReport,
  detectionsPage,
  worstImages,
} from '../../../src/eval/report/detections-report.js';
import { csvTable } from '../../../src/text/table.js';
import type { FoundBox, LabelledBox, LabelledImages } from '../../../src/eval/labels.js';

const object = (x: number, more: Partial<LabelledBox> = {}): LabelledBox => ({
  ...{ bbox: [x, 0, 10, 10], classId: 0, area: 100, crowd: false, ignored: false },
  ...more,
});
const found = (x: number, score: number, classId = 0): FoundBox => ({
  bbox: [x, 0, 10, 10],
  classId,
  confidence: score,
});
const truthOf = (...images: LabelledBox[][]): LabelledImages => ({
  classes: ['car', 'bus'],
  classKeys: ['1', '2'],
  images: images.map((boxes, index) => ({
    name: `p${index}`,
    key: `${index}`,
    width: 99,
    height: 99,
    boxes,
  })),
});

describe('evaluateDetections', () => {
  it('chooses the threshold with the best F1 and finds the worst pictures at it', () => {
    const truth = truthOf([object(0), object(50)], [object(0)]);
    const results = [
      [found(0, 0.9), found(80, 0.3)],
      [found(0, 0.6), found(70, 0.2), found(30, 0.7)],
    ];
    const { scores, errors } = evaluateDetections(truth, results);
    expect(scores.best).toEqual({ score: 0.6, F1: 4 / 6, precision: 2 / 3, recall: 2 / 3 });
    expect(errors).toEqual([
      { image: 0, FN: 1, FP: 0 },
      { image: 1, FN: 0, FP: 1 },
    ]);
    expect(worstImages(truth.images, errors).map(({ name }) => name)).toEqual(['p0', 'p1']);
  });

  it('takes the precision of VOC 2007 at 11 recalls; a second result on an object is wrong', () => {
    const truth = truthOf([object(0), object(50)]);
    const results = [[found(0, 0.9), found(1, 0.8), found(50, 0.7)]];
    const { scores } = evaluateDetections(truth, results, { voc07: true });
    expect(scores.summary.VOC07).toBeCloseTo((6 * 1 + 5 * (2 / 3)) / 11, 12);
  });

  it('counts nothing on difficult objects', () => {
    const truth = truthOf([object(0), object(50, { ignored: true })]);
    const { scores } = evaluateDetections(truth, [[found(50, 0.9), found(0, 0.8)]], { voc07: true });
    expect([scores.summary.AP, scores.summary.VOC07]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
  });

  it('is 1 for perfect results and has no number for classes without objects', () => {
    const { scores } = evaluateDetections(truthOf([object(0)], []), [[found(0, 0.5)], []]);
    expect(scores.summary.AP).toBeCloseTo(1, 12);
    expect(scores.classes[1]!.AP).toBeNaN();
  });

  it('takes hundreds of classes and pictures, most of them without each other', () => {
    const names = Array.from({ length: 300 }, (_, index) => `c${index}`);
    const images = names.map((_, classId) => [object(0, { classId })]);
    const truth = { ...truthOf(...images), classes: names, classKeys: names };
    const { scores } = evaluateDetections(
      truth,
      names.map((_, classId) => [found(0, 0.5, classId)]),
    );
    expect(scores).toMatchObject({ objects: 300, results: 300 });
    expect(scores.summary.AP).toBeCloseTo(1, 12);
  });

  it('does not depend on how pictures are ordered when no scores are equal', () => {
    const picture = fc.record({
      truth: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
      found: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(picture, { minLength: 1, maxLength: 5 }), (pictures) => {
        let rank = 0;
        const sides = pictures.map((one) => ({
          truth: one.truth.map((x) => object(x)),
          found: one.found.map((x) => found(x, 1 / (2 + rank++))),
        }));
        const score = (list: typeof sides) =>
          evaluateDetections(
            truthOf(...list.map((side) => side.truth)),
            list.map((side) => side.found),
          ).scores.summary;
        expect(score([...sides].reverse())).toEqual(score(sides));
      }),
    );
  });
});

describe('keepClasses', () => {
  it('leaves out the others', () => {
    const truth = truthOf([object(0), object(20, { classId: 1 })]);
    const kept = keepClasses({ truth, found: [[found(0, 1), found(20, 1, 1)]] }, ['bus']);
    expect(kept.truth.classes).toEqual(['bus']);
    expect(kept.truth.images[0]!.boxes).toEqual([object(20)]);
    expect(kept.found).toEqual([[found(20, 1)]]);
    expect(() => keepClasses({ truth, found: [[]] }, ['tram'])).toThrow('no class "tram"; it has car, bus');
  });
});

describe('reports', () => {
  const report = (results: FoundBox[]): DetectionsReport => ({
    ...{ sightline: '0', kind: 'detections', inputs: { truth: 'gt <&>', results: 'dt' } },
    ...evaluateDetections(truthOf([object(0)]), [results]).scores,
  });

  it('tells what changed between two runs', () => {
    const changed = compareReports(report([]), report([found(0, 1)]));
    expect(changed.find(({ subject, metric }) => subject === 'ALL' && metric === 'AP50')).toMatchObject({
      a: 0,
      b: expect.closeTo(1, 12) as number,
    });
  });

  it('is one page that fetches nothing and does not take text for markup', () => {
    const page = detectionsPage(report([found(0, 1)]), [], new Map());
    expect(page).toContain('gt &#60;&#38;&#62;');
    expect(page).not.toMatch(/<script|src="(?!data:)|href=/);
    expect(page.match(/<polyline/g)).toHaveLength(3);
  });

  it('quotes cells of CSV', () => {
    expect(csvTable({ headers: ['a', 'b'], rows: [['x,"y"', '1']] })).toBe('a,b\n"x,""y""",1\n');
  });
});

describe('findAnchors', () => {
  const size = (width: number, height: number) => ({ width, height });

  it('finds the sizes that there are', () => {
    const sizes = [size(10, 10), size(11, 10), size(100, 50), size(100, 52), size(30, 90)];
    const { anchors, meanIou } = findAnchors(sizes, 3, 1);
    expect(anchors).toEqual([size(10.5, 10), size(30, 90), size(100, 51)]);
    expect(meanIou).toBeGreaterThan(0.95);
  });

  it('gives the same for the same seed, never less for one anchor a box', () => {
    const sizes = fc.array(
      fc.record({ width: fc.integer({ min: 1, max: 99 }), height: fc.integer({ min: 1, max: 99 }) }),
      { minLength: 4, maxLength: 30 },
    );
    fc.assert(
      fc.property(sizes, fc.nat(), (list, seed) => {
        expect(findAnchors(list, 3, seed)).toEqual(findAnchors(list, 3, seed));
        const { anchors, meanIou } = findAnchors(list, 3, seed);
        expect(anchors).toHaveLength(3);
        expect(meanIou).toBeGreaterThan(0);
        expect(meanIou).toBeLessThanOrEqual(1);
      }),
    );
  });
});
