/** Lines, zones and stationary rules together: applies them to an object's moves, tells and sums what they find. */
import type { LineTotals, Speed, ZoneTotals } from '../contract/events.js';
import { hundredths } from '../geometry/box.js';
import { CountWindows } from './count-windows.js';
import { DwellHistogram } from './dwell-histogram.js';
import type { EventLog } from './event-log.js';
import { type LineCrossing, LineCounter } from './line-counter.js';
import type { Rules } from './rules.js';
import { NoiseMeter } from './noise-meter.js';
import type { Anchor } from './options.js';
import { type StationaryChange, StationaryWatch } from './stationary-watch.js';
import { Move, type Sighting } from './sighting.js';
import type { Subject } from './subject.js';
import { Tally } from './tally.js';
import { type ZoneChange, ZoneWatch } from './zone-watch.js';

/** A window is held open for so long, as a crossing is known only some time after it. */
const WINDOW_HOLD_US = 5_000_000;

/** Applies the rules of one source. */
export class RuleRunner {
  readonly #log: EventLog;
  readonly #lines: readonly LineCounter[];
  readonly #zones: readonly ZoneWatch[];
  readonly #stationary: readonly StationaryWatch[];
  readonly #anchors: readonly Anchor[];
  readonly #lineTally = new Tally();
  readonly #zoneTally = new Tally();
  readonly #occupancy: { now: number; peak: number }[];
  readonly #dwell: readonly DwellHistogram[];
  readonly #windows: CountWindows | undefined;

  constructor(rules: Rules, log: EventLog) {
    this.#log = log;
    this.#lines = rules.lines.map((rule) => new LineCounter(rule));
    this.#zones = rules.zones.map((rule) => new ZoneWatch(rule));
    this.#stationary = rules.stationary.map((rule) => new StationaryWatch(rule));
    const all = [...rules.lines, ...rules.zones, ...rules.stationary];
    this.#anchors = [...new Set(all.map(({ anchor }) => anchor))];
    this.#occupancy = rules.zones.map(() => ({ now: 0, peak: 0 }));
    this.#dwell = rules.zones.map(() => new DwellHistogram());
    if (rules.countUs !== undefined) this.#windows = new CountWindows(rules.countUs, WINDOW_HOLD_US);
  }

  /** A new object. */
  start(sighting: Sighting, firstUs: number): Subject {
    return {
      firstUs,
      last: sighting,
      jitter: new Map(this.#anchors.map((anchor) => [anchor, new NoiseMeter()])),
      lines: this.#lines.map((line) => line.start()),
      zones: this.#zones.map((zone) => zone.start(sighting)),
      stationary: this.#stationary.map((watch) => watch.start(sighting)),
    };
  }

  /** Takes the next sighting of an object, later than its last. */
  see(subject: Subject, sighting: Sighting, speed: Speed | undefined): void {
    const { jitter } = subject;
    for (const [anchor, meter] of jitter) meter.see(sighting.us, sighting.anchor(anchor));
    const move = new Move(subject.last, sighting, jitter);
    subject.last = sighting;
    this.#lines.forEach((line, i) => {
      this.#tellLine(line, line.move(subject.lines[i]!, subject, move), sighting, speed);
    });
    this.#zones.forEach((zone, i) => {
      this.#tellZone(i, zone.move(subject.zones[i]!, subject, move), sighting);
    });
    this.#stationary.forEach((watch, i) => {
      this.#tellStationary(
        watch,
        watch.see(subject.stationary[i]!, subject, sighting, subject.zones),
        sighting,
      );
    });
  }

  /** An object will not be seen again; `unfinished` if that is because the run or the epoch is over. */
  end(subject: Subject, unfinished: boolean): void {
    const { last } = subject;
    this.#lines.forEach((line, i) => {
      this.#tellLine(line, line.end(subject.lines[i]!, subject), last, undefined);
    });
    this.#zones.forEach((zone, i) => {
      this.#tellZone(i, zone.end(subject.zones[i]!, subject, unfinished), last);
    });
    this.#stationary.forEach((watch, i) => {
      this.#tellStationary(watch, watch.end(subject.stationary[i]!, subject), last);
    });
  }

  /** Takes the time of a frame, after all its objects. */
  advance(nowUs: number): void {
    for (const window of this.#windows?.advance(nowUs) ?? [])
      this.#log.add({ type: 'counts', ptsUs: window.endUs, ...window });
  }

  /** The clock ends; another may begin. */
  finish(lastUs: number): void {
    for (const window of this.#windows?.finish(lastUs) ?? [])
      this.#log.add({ type: 'counts', ptsUs: window.endUs, ...window });
  }

  lineTotals(): readonly LineTotals[] {
    return this.#lines.map(({ rule: { name, points, forward, backward } }) => ({
      name,
      points,
      directions: [forward, backward].map((direction) => ({
        direction,
        count: this.#lineTally.total(name, direction),
        byClass: this.#lineTally.byClass(name, direction),
      })),
    }));
  }

  zoneTotals(): readonly ZoneTotals[] {
    return this.#zones.map(({ rule: { name, polygon, holes } }, i) => ({
      name,
      polygon,
      holes,
      occupancy: this.#occupancy[i]!.now,
      peak: this.#occupancy[i]!.peak,
      entered: this.#zoneTally.total(name, 'enter'),
      exited: this.#zoneTally.total(name, 'exit'),
      enteredByClass: this.#zoneTally.byClass(name, 'enter'),
      dwell: this.#dwell[i]!.summary(),
    }));
  }

  #tellLine(
    { rule: { name } }: LineCounter,
    crossings: readonly LineCrossing[],
    sighting: Sighting,
    speed: Speed | undefined,
  ): void {
    const { trackId, classId, label } = sighting;
    for (const { ptsUs, at, direction } of crossings) {
      this.#lineTally.add(name, direction, label);
      this.#windows?.add({ kind: 'line', name, direction, label }, ptsUs);
      this.#log.add({
        type: 'line_cross',
        ptsUs,
        name,
        direction,
        trackId,
        classId,
        label,
        at: [hundredths(at.x), hundredths(at.y)],
        ...(speed !== undefined && { speed }),
      });
    }
  }

  #tellZone(i: number, changes: readonly ZoneChange[], { trackId, classId, label }: Sighting): void {
    const { name } = this.#zones[i]!.rule;
    const occupancy = this.#occupancy[i]!;
    for (const change of changes) {
      if (change.type === 'zone_enter') {
        occupancy.now++;
        occupancy.peak = Math.max(occupancy.peak, occupancy.now);
        this.#count(name, 'enter', label, change.ptsUs);
      } else if (change.type === 'zone_exit') {
        occupancy.now--;
        if (change.how !== 'unfinished') {
          this.#dwell[i]!.add(change.dwellUs);
          this.#count(name, 'exit', change.label, change.ptsUs);
        }
      }
      this.#log.add({ name, trackId, classId, label, ...change });
    }
  }

  #count(name: string, direction: string, label: string, ptsUs: number): void {
    this.#zoneTally.add(name, direction, label);
    this.#windows?.add({ kind: 'zone', name, direction, label }, ptsUs);
  }

  #tellStationary(
    { rule: { name } }: StationaryWatch,
    changes: readonly StationaryChange[],
    { trackId, classId, label }: Sighting,
  ): void {
    for (const { type, ptsUs, sinceUs, at } of changes) {
      const place = [hundredths(at.x), hundredths(at.y)] as const;
      this.#log.add({ type, ptsUs, name, trackId, classId, label, sinceUs, at: place });
    }
  }
}
