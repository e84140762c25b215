/** What a user may set; docs/analytics.md tells each key at length. All times are media time. */

/** The point of a box that stands for the object. */
export type Anchor = 'bottom' | 'centre' | 'top' | 'left' | 'right';

/** A point as [x, y], in pixels of the source or from 0 to 1. */
export type PointConfig = readonly [number, number];

/** What lines and zones can override. */
export interface CrossingConfig {
  readonly anchor?: Anchor | undefined;
  /** Least time since an object's first sighting before anything is told of it. */
  readonly minAgeSeconds?: number | undefined;
  /** Time for which an object must stay on the other side. */
  readonly settleSeconds?: number | undefined;
  /** Distance to keep before a crossing is final, in sizes of the object's box (square root of its area). */
  readonly hysteresis?: number | undefined;
}

/** What every rule has. */
export interface RuleConfig {
  readonly name: string;
  /** Names of the classes that count; all if not given. */
  readonly classes?: readonly string[] | undefined;
}

/** A line of two or more points. */
export interface LineConfig extends RuleConfig, CrossingConfig {
  readonly points: readonly PointConfig[];
  /** Name of the direction from the left of the line to its right, seen from its first point. */
  readonly forward?: string | undefined;
  readonly backward?: string | undefined;
  /** Overrides `hysteresis`. */
  readonly hysteresisPixels?: number | undefined;
}

/** A polygon, perhaps with holes. */
export interface ZoneConfig extends RuleConfig, CrossingConfig {
  readonly polygon: readonly PointConfig[];
  readonly holes?: readonly (readonly PointConfig[])[] | undefined;
  readonly hysteresisPixels?: number | undefined;
  /** Time in the zone after which an object loiters; never if not given. */
  readonly loiterSeconds?: number | undefined;
}

/** What counts as standing still. */
export interface StationaryConfig extends RuleConfig {
  readonly seconds: number;
  /** How far it may move, in sizes of its box. */
  readonly radius?: number | undefined;
  /** Overrides `radius`. */
  readonly radiusPixels?: number | undefined;
  /** Name of a zone: only there. */
  readonly zone?: string | undefined;
}

/** Where objects spend their time. */
export interface HeatMapConfig {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Time after which past presence counts half; kept for ever if not given. */
  readonly halfLifeSeconds?: number | undefined;
  readonly classes?: readonly string[] | undefined;
}

/** A point in the picture and the same point on the ground in metres. */
export interface GroundPair {
  readonly image: PointConfig;
  readonly ground: PointConfig;
}

/** How to measure speed; exactly one of `metresPerPixel` and `points`. */
export interface SpeedConfig {
  readonly metresPerPixel?: number | undefined;
  /** Four pairs or more, no three of four in a row. */
  readonly points?: readonly GroundPair[] | undefined;
  readonly unit?: 'km/h' | 'm/s' | undefined;
  /** Time over which speed is fitted. */
  readonly windowSeconds?: number | undefined;
}

/** All of analytics for one source. */
export interface AnalyticsConfig extends CrossingConfig {
  /** What points of lines, zones and `speed.points` are given in. */
  readonly coordinates?: 'pixels' | 'normalised' | undefined;
  /** Time for which a new track may continue a lost one that was near; 0 never. */
  readonly relinkSeconds?: number | undefined;
  /** How near, in sizes of the box. */
  readonly relinkDistance?: number | undefined;
  readonly lines?: readonly LineConfig[] | undefined;
  readonly zones?: readonly ZoneConfig[] | undefined;
  readonly stationary?: readonly StationaryConfig[] | undefined;
  /** Length of the windows of `counts` events; none if not given. */
  readonly countSeconds?: number | undefined;
  readonly heatMap?: HeatMapConfig | undefined;
  readonly speed?: SpeedConfig | undefined;
  /** Whether `track_start` and `track_end` are told. */
  readonly trackEvents?: boolean | undefined;
}

/** What analytics must know about a source. */
export interface AnalyticsSource {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Names of the classes that can occur. */
  readonly classes: readonly string[];
}
