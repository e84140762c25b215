/** Turns settings into rules: defaults in place, points in pixels, everything checked, so that nothing fails later. */
import { checkOptions } from '../options/check-options.js';
import { checkInPicture, checkLine, checkNames, checkRings, classFilter, fail } from './checks.js';
import {
  type AnalyticsConfig,
  type AnalyticsOptions,
  analyticsSchema,
  type AnalyticsSource,
  type Anchor,
} from './options.js';
import { fitHomography, type Homography, scaleHomography } from './homography.js';
import type { Point } from './geometry.js';

/** Whether an object of a class counts. */
export type ClassTest = (label: string) => boolean;

/** What lines and zones share. */
export interface CrossingRule {
  readonly name: string;
  readonly anchor: Anchor;
  readonly minAgeUs: number;
  readonly settleUs: number;
  readonly hysteresis: number;
  readonly hysteresisPixels: number | undefined;
  readonly accepts: ClassTest;
}

/** A line; points in source pixels. */
export interface LineRule extends CrossingRule {
  readonly points: readonly Point[];
  readonly forward: string;
  readonly backward: string;
}

/** A zone; points in source pixels. */
export interface ZoneRule extends CrossingRule {
  readonly polygon: readonly Point[];
  readonly holes: readonly (readonly Point[])[];
  /** Infinity where nobody loiters. */
  readonly loiterUs: number;
}

/** What stands still. */
export interface StationaryRule {
  readonly name: string;
  readonly anchor: Anchor;
  readonly afterUs: number;
  readonly settleUs: number;
  readonly radius: number;
  readonly radiusPixels: number | undefined;
  /** Place of the zone in `Rules.zones`. */
  readonly zone: number | undefined;
  readonly accepts: ClassTest;
}

/** How speed is measured. */
export interface SpeedRule {
  readonly toGround: Homography;
  readonly unit: 'km/h' | 'm/s';
  readonly windowUs: number;
}

/** The grid of a heat map. */
export interface HeatMapRule {
  readonly columns: number;
  readonly rows: number;
  /** Infinity where nothing fades. */
  readonly halfLifeUs: number;
  readonly accepts: ClassTest;
}

/** Everything decided. */
export interface Rules {
  readonly anchor: Anchor;
  readonly minAgeUs: number;
  readonly relinkUs: number;
  readonly relinkDistance: number;
  readonly lines: readonly LineRule[];
  readonly zones: readonly ZoneRule[];
  readonly stationary: readonly StationaryRule[];
  readonly countUs: number | undefined;
  readonly heatMap: HeatMapRule | undefined;
  readonly speed: SpeedRule | undefined;
  readonly trackEvents: boolean;
}

type LineOptions = NonNullable<AnalyticsOptions['lines']>[number];
type ZoneOptions = NonNullable<AnalyticsOptions['zones']>[number];
type StationaryOptions = NonNullable<AnalyticsOptions['stationary']>[number];
type Scale = (where: string, points: readonly (readonly [number, number])[]) => Point[];

/** @throws SightlineError ERR_USAGE that names the key, for anything that cannot work. */
export function decideRules(config: AnalyticsConfig, source: AnalyticsSource): Rules {
  const options: AnalyticsOptions = checkOptions(analyticsSchema, config, 'analytics');
  const scale = pointScale(options, source);
  const { lines = [], zones = [], stationary = [], countSeconds, heatMap, speed } = options;
  checkNames('lines', lines);
  checkNames('zones', zones);
  checkNames('stationary', stationary);
  return {
    anchor: options.anchor,
    minAgeUs: microseconds(options.minAgeSeconds),
    relinkUs: microseconds(options.relinkSeconds),
    relinkDistance: options.relinkDistance,
    lines: lines.map((line, i) => {
      const where = `lines[${i}] "${line.name}"`;
      const { forward, backward } = line;
      if (forward === backward) fail(where, `calls both directions "${forward}"; give them two names`);
      const points = scale(`${where}.points`, line.points);
      checkLine(`${where}.points`, points);
      checkInPicture(`${where}.points`, points, source);
      return { ...crossingRule(where, line, options, source), points, forward, backward };
    }),
    zones: zones.map((zone, i) => {
      const where = `zones[${i}] "${zone.name}"`;
      const rings = [zone.polygon, ...(zone.holes ?? [])].map((ring, k) =>
        openRing(scale(k === 0 ? `${where}.polygon` : `${where}.holes[${k - 1}]`, ring)),
      );
      checkRings(where, rings);
      checkInPicture(`${where}.polygon`, rings[0]!, source);
      return {
        ...crossingRule(where, zone, options, source),
        polygon: rings[0]!,
        holes: rings.slice(1),
        loiterUs: microseconds(zone.loiterSeconds ?? Infinity),
      };
    }),
    stationary: stationary.map((rule, i) => stationaryRule(rule, i, options, source)),
    countUs: countSeconds && microseconds(countSeconds),
    heatMap: heatMap && {
      columns: heatMap.columns,
      rows: heatMap.rows,
      halfLifeUs: microseconds(heatMap.halfLifeSeconds ?? Infinity),
      accepts: classFilter('heatMap', heatMap.classes, source.classes),
    },
    speed: speed && speedRule(speed, scale),
    trackEvents: options.trackEvents,
  };
}

function crossingRule(
  where: string,
  rule: LineOptions | ZoneOptions,
  base: AnalyticsOptions,
  source: AnalyticsSource,
): CrossingRule {
  return {
    name: rule.name,
    anchor: rule.anchor ?? base.anchor,
    minAgeUs: microseconds(rule.minAgeSeconds ?? base.minAgeSeconds),
    settleUs: microseconds(rule.settleSeconds ?? base.settleSeconds),
    hysteresis: rule.hysteresis ?? base.hysteresis,
    hysteresisPixels: rule.hysteresisPixels,
    accepts: classFilter(where, rule.classes, source.classes),
  };
}

function stationaryRule(
  rule: StationaryOptions,
  i: number,
  { anchor, settleSeconds, zones = [] }: AnalyticsOptions,
  source: AnalyticsSource,
): StationaryRule {
  const where = `stationary[${i}] "${rule.name}"`;
  const zone = rule.zone === undefined ? -1 : zones.findIndex(({ name }) => name === rule.zone);
  if (rule.zone !== undefined && zone < 0) {
    const names = zones.map(({ name }) => name).join(', ');
    fail(
      `${where}.zone`,
      `names "${rule.zone}", which is no zone; there ${names ? `are ${names}` : 'are none'}`,
    );
  }
  return {
    name: rule.name,
    anchor,
    afterUs: microseconds(rule.seconds),
    settleUs: microseconds(settleSeconds),
    radius: rule.radius,
    radiusPixels: rule.radiusPixels,
    zone: zone < 0 ? undefined : zone,
    accepts: classFilter(where, rule.classes, source.classes),
  };
}

function speedRule(
  { metresPerPixel, points, unit, windowSeconds }: NonNullable<AnalyticsOptions['speed']>,
  scale: Scale,
): SpeedRule {
  const windowUs = microseconds(windowSeconds);
  if (points === undefined) return { toGround: scaleHomography(metresPerPixel!), unit, windowUs };
  const image = scale(
    'speed.points',
    points.map((pair) => pair.image),
  );
  const ground = points.map(({ ground: [x, y] }) => ({ x, y }));
  return { toGround: fitHomography('speed.points', image, ground), unit, windowUs };
}

function pointScale({ coordinates }: AnalyticsOptions, { width, height }: AnalyticsSource): Scale {
  const normalised = coordinates === 'normalised';
  // Shapes may reach out of the picture, but a point far outside was meant otherwise.
  const most = normalised ? 2 : 3 * Math.max(width, height);
  const least = normalised ? -1 : -most;
  return (where, points) => {
    const tiny = points.flat().every((value) => value >= 0 && value <= 1);
    if (tiny && !normalised)
      fail(where, 'has all its points from 0 to 1; for shares of the picture set coordinates: normalised');
    return points.map(([x, y], i) => {
      if (Math.min(x, y) < least || Math.max(x, y) > most) {
        const hint = normalised
          ? 'normalised coordinates go from 0 to 1; for pixels set coordinates: pixels'
          : `the picture is ${width} × ${height} pixels`;
        fail(`${where}[${i}]`, `is (${x}, ${y}), far outside of the picture; ${hint}`);
      }
      return normalised ? { x: x * width, y: y * height } : { x, y };
    });
  };
}

/** A ring may repeat its first point at the end, as GeoJSON does. */
function openRing(ring: readonly Point[]): readonly Point[] {
  const first = ring[0];
  const last = ring.at(-1);
  return ring.length > 3 && first?.x === last?.x && first?.y === last?.y ? ring.slice(0, -1) : ring;
}

function microseconds(seconds: number): number {
  return Math.round(seconds * 1e6);
}
