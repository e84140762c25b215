/** The one line that tells on a terminal how far a run is. */
import type { SourceProgress } from '../app/app.js';
import { clearLine, say } from './terminal.js';

/** Redraws a line in place; other output goes through `print`, so that the two do not mix. */
export interface ProgressLine {
  readonly print: (text: string) => void;
  readonly stop: () => void;
}

const EVERY_MS = 250;
/** Weight of the newest rate in the smoothed one. */
const SMOOTHING = 0.2;

/** Starts the line on the standard error, or only passes text through where it is not to be `shown`. */
export function startProgressLine(shown: boolean, progress: () => readonly SourceProgress[]): ProgressLine {
  if (!shown) return { print: say, stop: nothing };
  let drawn = false;
  let before: { frames: number; at: number } | undefined;
  let rate: number | undefined;

  const clear = (): void => {
    if (drawn) clearLine();
    drawn = false;
  };
  const draw = (): void => {
    const sources = progress();
    const frames = sum(sources, (source) => source.frames.emitted);
    const at = performance.now();
    if (before !== undefined && at > before.at) {
      const now = ((frames - before.frames) * 1000) / (at - before.at);
      rate = rate === undefined ? now : rate + SMOOTHING * (now - rate);
    }
    before = { frames, at };
    const text = progressText(sources, rate).slice(0, Math.max(20, process.stderr.columns - 1));
    clear();
    say(text);
    drawn = true;
  };
  const timer = setInterval(draw, EVERY_MS);
  return {
    print(text) {
      clear();
      say(text);
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

/** `42 %  158/377 frames  31.0 fps  3 tracks  0 dropped  0:07 left`. */
export function progressText(sources: readonly SourceProgress[], rate: number | undefined): string {
  const frames = sum(sources, (source) => source.frames.emitted);
  const dropped = sum(sources, (source) => sum(Object.values(source.frames.dropped), (count) => count));
  const expected = sources.every((source) => source.expectedFrames !== undefined)
    ? sum(sources, (source) => source.expectedFrames ?? 0)
    : 0;
  const parts: string[] = [];
  if (expected > 0) parts.push(`${Math.min(100, Math.floor((100 * frames) / expected))} %`);
  parts.push(expected > 0 ? `${frames}/${expected} frames` : `${frames} frames`);
  if (rate !== undefined) parts.push(`${rate.toFixed(1)} fps`);
  parts.push(`${sum(sources, (source) => source.activeTracks)} tracks`, `${dropped} dropped`);
  if (expected > frames && rate !== undefined && rate > 0)
    parts.push(`${clock((expected - frames) / rate)} left`);
  return parts.join('  ');
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return whole < 3600
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(whole / 3600)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function nothing(): void {
  // Without a line there is nothing to stop.
}
