import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeatMap } from '../../../src/analytics/heat-map.js';

const RULE = { columns: 8, rows: 4, halfLifeUs: Infinity, accepts: () => true };

function total(seconds: Float32Array): number {
  return seconds.reduce((sum, value) => sum + value, 0);
}

describe('HeatMap', () => {
  it('spreads time over the cells of a way by the length in each', () => {
    const map = new HeatMap(RULE, 80, 40);
    map.add({ x: 5, y: 5 }, { x: 25, y: 5 }, 0, 2_000_000);
    const { columns, rows, seconds } = map.read(2_000_000);
    expect([columns, rows]).toEqual([8, 4]);
    expect([...seconds.subarray(0, 4)]).toEqual([0.5, 1, 0.5, 0]);
    expect(total(seconds)).toBe(2);
  });

  it('keeps all time that is spent within the picture, and none outside', () => {
    const place = fc.record({ x: fc.integer({ min: 0, max: 79 }), y: fc.integer({ min: 0, max: 39 }) });
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 8 }), (p, q, parts) => {
        const map = new HeatMap(RULE, 80, 40);
        const whole = new HeatMap(RULE, 80, 40);
        const at = (i: number) => ({
          x: p.x + ((q.x - p.x) * i) / parts,
          y: p.y + ((q.y - p.y) * i) / parts,
        });
        for (let i = 0; i < parts; i++) map.add(at(i), at(i + 1), i * 1000, (i + 1) * 1000);
        whole.add(p, q, 0, parts * 1000);
        expect(total(map.read(0).seconds)).toBeCloseTo(parts / 1000, 6);
        map.read(0).seconds.forEach((value, i) => {
          expect(value).toBeCloseTo(whole.read(0).seconds[i]!, 6);
        });
      }),
      { numRuns: 100 },
    );
    const map = new HeatMap(RULE, 80, 40);
    map.add({ x: -40, y: 20 }, { x: 40, y: 20 }, 0, 2_000_000);
    map.add({ x: -5, y: -5 }, { x: -5, y: -5 }, 0, 2_000_000);
    expect(total(map.read(0).seconds)).toBeCloseTo(1, 9);
  });

  it('lets the past fade', () => {
    const map = new HeatMap({ ...RULE, halfLifeUs: 10_000_000 }, 80, 40);
    map.add({ x: 5, y: 5 }, { x: 5, y: 5 }, 0, 4_000_000);
    expect(map.read(4_000_000).seconds[0]).toBeCloseTo(4, 6);
    expect(map.read(14_000_000).seconds[0]).toBeCloseTo(2, 6);
    // After a thousand half-lives all that is left is what was added last.
    map.add({ x: 5, y: 5 }, { x: 5, y: 5 }, 10_000_000_000, 10_001_000_000);
    expect(map.read(10_001_000_000).seconds[0]).toBeCloseTo(1, 6);
    map.restart();
    expect(map.read(0).seconds[0]).toBeCloseTo(1, 6);
  });
});
