/** What analytics tells: events and totals, plain data that is ready for JSON. */

interface EventHead {
  /** `source/epoch/type/name/track/sequence`: the same input and settings give the same ids. */
  readonly id: string;
  readonly sourceId: string;
  readonly epoch: number;
  /** The moment itself, between two frames if it was there. */
  readonly ptsUs: number;
}

interface TrackEventHead extends EventHead {
  readonly trackId: number;
  readonly classId: number;
  readonly label: string;
}

/** How fast something moves over the ground. */
export interface Speed {
  readonly value: number;
  readonly unit: 'km/h' | 'm/s';
}

/** An object crossed a line. */
export interface LineEvent extends TrackEventHead {
  readonly type: 'line_cross';
  readonly name: string;
  /** The line's own name of the direction. */
  readonly direction: string;
  /** Where, as [x, y] in source pixels. */
  readonly at: readonly [number, number];
  readonly speed?: Speed;
}

/** An object came into a zone or was first seen there. */
export interface ZoneEnterEvent extends TrackEventHead {
  readonly type: 'zone_enter';
  readonly name: string;
  readonly how: 'crossed' | 'appeared';
}

/** An object left a zone, was last seen there, or was still there when the run or the epoch ended. */
export interface ZoneExitEvent extends TrackEventHead {
  readonly type: 'zone_exit';
  readonly name: string;
  readonly how: 'crossed' | 'vanished' | 'unfinished';
  readonly dwellUs: number;
}

/** An object has been in a zone for the zone's limit. */
export interface LoiteringEvent extends TrackEventHead {
  readonly type: 'loitering';
  readonly name: string;
  readonly sinceUs: number;
}

/** An object has stayed in one place for the rule's limit, or has left that place again. */
export interface StationaryEvent extends TrackEventHead {
  readonly type: 'stationary' | 'stationary_end';
  readonly name: string;
  readonly sinceUs: number;
  /** The place, as [x, y] in source pixels. */
  readonly at: readonly [number, number];
}

/** A track is there, told once it is old enough. */
export interface TrackStartEvent extends TrackEventHead {
  readonly type: 'track_start';
  /** The lost track of which this one is taken to be the continuation. */
  readonly continues?: number;
}

/** A track has ended. */
export interface TrackEndEvent extends TrackEventHead {
  readonly type: 'track_end';
  readonly startUs: number;
  /** The sighting that shows the object best. */
  readonly best: {
    readonly ptsUs: number;
    readonly frame: number;
    readonly confidence: number;
    readonly box: readonly [number, number, number, number];
  };
  /** Simplified path of the anchor point as [x, y, ptsUs]. */
  readonly path: readonly (readonly [number, number, number])[];
  /** Length of the unsimplified path in source pixels, without jitter below the path's tolerance. */
  readonly distance: number;
  /** Time with the anchor point inside of each zone that it was in. */
  readonly zones: readonly { readonly name: string; readonly dwellUs: number }[];
  readonly speed?: { readonly mean: number; readonly max: number; readonly unit: Speed['unit'] };
}

/** What was counted in one window of time. */
export interface CountsEvent extends EventHead {
  readonly type: 'counts';
  readonly startUs: number;
  readonly endUs: number;
  /** Whether the input began or ended within the window. */
  readonly partial: boolean;
  readonly counts: readonly WindowCount[];
}

/** One sum of a window; `direction` of a zone is `enter` or `exit`. */
export interface WindowCount {
  readonly kind: 'line' | 'zone';
  readonly name: string;
  readonly direction: string;
  readonly label: string;
  readonly count: number;
}

/** Something that analytics found out; plain data, ready for JSON. */
export type AnalyticsEvent =
  | LineEvent
  | ZoneEnterEvent
  | ZoneExitEvent
  | LoiteringEvent
  | StationaryEvent
  | TrackStartEvent
  | TrackEndEvent
  | CountsEvent;

/** A place in source pixels, x to the right and y down. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** A line as it stands. */
export interface LineTotals {
  readonly name: string;
  readonly points: readonly Place[];
  readonly directions: readonly {
    readonly direction: string;
    readonly count: number;
    readonly byClass: Readonly<Record<string, number>>;
  }[];
}

/** A zone as it stands. */
export interface ZoneTotals {
  readonly name: string;
  readonly polygon: readonly Place[];
  readonly holes: readonly (readonly Place[])[];
  /** Objects that are in at the moment, and the most that were. */
  readonly occupancy: number;
  readonly peak: number;
  readonly entered: number;
  readonly exited: number;
  readonly enteredByClass: Readonly<Record<string, number>>;
  /** Of finished visits; undefined before the first. */
  readonly dwell: DwellSummary | undefined;
}

/** How long visits were. */
export interface DwellSummary {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p95Us: number;
  readonly maxUs: number;
}

/** Where time was spent. */
export interface HeatMapSnapshot {
  readonly columns: number;
  readonly rows: number;
  /** Object-seconds in each cell, row by row from the top left; a copy. */
  readonly seconds: Float32Array;
}

/** How lines and zones stand. */
export interface AnalyticsTotals {
  readonly lines: readonly LineTotals[];
  readonly zones: readonly ZoneTotals[];
}

/** How things stand; plain data and a copy. */
export interface AnalyticsState extends AnalyticsTotals {
  /** Speed of the tracks that are seen at the moment, by track id. */
  readonly speeds: ReadonlyMap<number, Speed>;
}
