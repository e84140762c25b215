import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CountWindow, CountWindows } from '../../../src/analytics/count-windows.js';
import { ofType, play, type Scene } from './scene.js';

const ONE = { kind: 'line', name: 'door', direction: 'in', label: 'car' } as const;

function sumOf(windows: readonly CountWindow[]): number {
  return windows.flatMap(({ counts }) => counts).reduce((sum, { count }) => sum + count, 0);
}

describe('CountWindows', () => {
  it('puts each count into the window of its moment, though it is known later', () => {
    const windows = new CountWindows(60, 10);
    expect(windows.advance(30)).toEqual([]);
    windows.add(ONE, 59);
    expect(windows.advance(65)).toEqual([]);
    windows.add(ONE, 59);
    windows.add({ ...ONE, label: 'bus' }, 61);
    expect(windows.advance(70)).toEqual([
      { startUs: 0, endUs: 60, partial: true, counts: [{ ...ONE, count: 2 }] },
    ]);
    windows.add(ONE, 59);
    expect(windows.finish(119)).toEqual([
      { startUs: 60, endUs: 120, partial: true, counts: [{ ...ONE, label: 'bus', count: 1 }, { ...ONE, count: 1 }] }, // prettier-ignore
    ]);
  });

  it('loses nothing, tells windows in order and holds few', () => {
    const step = fc.record({
      forward: fc.integer({ min: 0, max: 90 }),
      late: fc.integer({ min: 0, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const windows = new CountWindows(60, 30);
        const told: CountWindow[] = [];
        let now = 1000;
        for (const { forward, late } of steps) {
          now += forward;
          told.push(...windows.advance(now));
          windows.add(ONE, now - late);
        }
        told.push(...windows.finish(now));
        expect(sumOf(told)).toBe(steps.length);
        const starts = told.map(({ startUs }) => startUs);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
      }),
      { numRuns: 80 },
    );
  });

  it('stands in events by line, zone, direction and class', () => {
    const scenes: Scene[] = Array.from({ length: 1200 }, (_, i) => {
      const seconds = i / 10;
      return {
        seconds,
        actors: [{ x: 200 + 100 * Math.sin((seconds * Math.PI) / 10), y: 200, label: 'car' }],
      };
    });
    const events = play(
      {
        countSeconds: 60,
        lines: [{ name: 'door', points: [[250, 100], [250, 300]], forward: 'out', backward: 'in' }], // prettier-ignore
        zones: [{ name: 'left', polygon: [[50, 100], [150, 100], [150, 300], [50, 300]] }], // prettier-ignore
      },
      scenes,
    );
    const counts = ofType(events, 'counts');
    expect(counts.map(({ startUs, endUs, partial }) => [startUs, endUs, partial])).toEqual([
      [0, 60e6, false],
      [60e6, 120e6, true],
    ]);
    for (const event of counts) {
      expect(event.counts).toEqual([
        { kind: 'line', name: 'door', direction: 'in', label: 'car', count: 3 },
        { kind: 'line', name: 'door', direction: 'out', label: 'car', count: 3 },
        { kind: 'zone', name: 'left', direction: 'enter', label: 'car', count: 3 },
        { kind: 'zone', name: 'left', direction: 'exit', label: 'car', count: 3 },
      ]);
    }
  });
});
