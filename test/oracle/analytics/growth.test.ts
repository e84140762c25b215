/** Half an hour of passers-by: what analytics remembers must not grow with them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { analyticsOf, resultOf } from '../../unit/analytics/scene.js';

const CONFIG: AnalyticsConfig = {
  trackEvents: true,
  countSeconds: 1,
  heatMap: { columns: 16, rows: 9 },
  speed: { metresPerPixel: 0.02 },
  lines: [{ name: 'door', points: [[384, 0], [384, 432]], forward: 'left', backward: 'right' }], // prettier-ignore
  zones: [{ name: 'yard', polygon: [[300, 100], [500, 100], [500, 300], [300, 300]], loiterSeconds: 0.5 }], // prettier-ignore
  stationary: [{ name: 'parked', seconds: 1 }],
};

it('analytics does not grow, however many objects come and go', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const analytics = analyticsOf(CONFIG);
  let told = 0;
  // Each object lives for a second; one in three is never said to have ended; one stands there all the time.
  const passBy = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const id = 2 + Math.floor(i / 10);
      const actors = [{ id: 1, x: 300, y: 120 }, { id, x: 330 + 12 * (i % 10), y: 200 }]; // prettier-ignore
      const ended = i % 10 === 0 && id % 3 !== 0 ? [id - 1] : [];
      told += analytics.update(resultOf({ seconds: i / 10, actors, ended }, i)).length;
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const early = passBy(0, 5_000);
  const late = passBy(5_000, 20_000);
  expect(told).toBeGreaterThan(5_000);
  expect(late - early).toBeLessThan(500_000);
  expect(analytics.state().zones[0]!.occupancy).toBeLessThan(20);
}, 60_000);
