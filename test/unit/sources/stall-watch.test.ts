import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StallWatch } from '../../../src/sources/decode/stall-watch.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function watched(): { watch: StallWatch; told: string[]; hold: (held: boolean) => void } {
  const told: string[] = [];
  let heldBack = false;
  const watch = new StallWatch(
    { stallMs: 10_000, giveUpMs: 60_000 },
    {
      isHeldBack: () => heldBack,
      onStall: () => told.push('stalled'),
      onResume: () => told.push('running'),
      onGiveUp: () => told.push('given up'),
    },
  );
  watch.start();
  return { watch, told, hold: (held) => (heldBack = held) };
}

test('nothing for 10 s is a stall, and what comes ends it', () => {
  const { watch, told } = watched();
  vi.advanceTimersByTime(9_999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['stalled']);
  vi.advanceTimersByTime(30_000);
  watch.alive();
  watch.alive();
  expect(told).toEqual(['stalled', 'running']);
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual(['stalled', 'running', 'stalled']);
  watch.stop();
});

test('nothing for 60 s is given up, once', () => {
  const { told } = watched();
  vi.advanceTimersByTime(59_999);
  expect(told).toEqual(['stalled']);
  vi.advanceTimersByTime(300_000);
  expect(told).toEqual(['stalled', 'given up']);
  expect(vi.getTimerCount()).toBe(0);
});

test('what we hold back is not stalled, however long', () => {
  const { told, hold } = watched();
  hold(true);
  vi.advanceTimersByTime(600_000);
  hold(false);
  vi.advanceTimersByTime(9_999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1_001);
  expect(told).toEqual(['stalled']);
});
