/**
 * The object behind one track or several: when a tracker loses an object and gives it a new id a little later, the new
 * track continues the same subject, so nothing about it is counted twice and nothing that was pending is lost.
 */
import type { LineState } from './line-counter.js';
import type { Known, Sighting } from './sighting.js';
import type { StationaryState } from './stationary-watch.js';
import type { ZoneState } from './zone-watch.js';

/** What is known about one object. */
export interface Subject extends Known {
  last: Sighting;
  /** One state for each line, zone and rule, in the order of the rules. */
  readonly lines: readonly LineState[];
  readonly zones: readonly ZoneState[];
  readonly stationary: readonly StationaryState[];
}
