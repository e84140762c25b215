/** Turns settings into rules: defaults in place, points in pixels, everything checked, so that nothing fails later. */
import type {
  AnalyticsConfig,
  AnalyticsSource,
  Anchor,
  CrossingConfig,
  PointConfig,
  StationaryConfig,
} from './config.js';
import { checkNames, checkNumber, checkLine, checkRings, classFilter, fail } from './checks.js';
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

const ANCHORS: readonly string[] = ['bottom', 'centre', 'top', 'left', 'right'] satisfies readonly Anchor[];
const UNITS: readonly string[] = ['km/h', 'm/s'];
const COORDINATES: readonly string[] = ['pixels', 'normalised'];
const MOST_SECONDS = 7 * 86_400;
/** More would tell nothing and cost time for each object. */
const MOST_RULES = 1000;

/** @throws SightlineError ERR_USAGE that names the key, for anything that cannot work. */
export function decideRules(config: AnalyticsConfig, source: AnalyticsSource): Rules {
  const base = crossingDefaults(config);
  const scale = pointScale(config, source);
  const { lines = [], zones = [], stationary = [], countSeconds, heatMap } = config;
  checkNames('lines', lines, MOST_RULES);
  checkNames('zones', zones, MOST_RULES);
  checkNames('stationary', stationary, MOST_RULES);
  return {
    anchor: base.anchor,
    minAgeUs: base.minAgeUs,
    relinkUs: seconds('relinkSeconds', config.relinkSeconds ?? 2),
    relinkDistance: checkNumber('relinkDistance', config.relinkDistance ?? 1, 0, 100),
    lines: lines.map((line, i) => {
      const where = `lines[${i}] "${line.name}"`;
      const forward = line.forward ?? 'forward';
      const backward = line.backward ?? 'backward';
      if (forward === backward) fail(where, `calls both directions "${forward}"; give them two names`);
      const points = scale(`${where}.points`, line.points);
      checkLine(`${where}.points`, points);
      return { ...crossingRule(where, line, base, source), points, forward, backward };
    }),
    zones: zones.map((zone, i) => {
      const where = `zones[${i}] "${zone.name}"`;
      const rings = [zone.polygon, ...(zone.holes ?? [])].map((ring, k) =>
        openRing(scale(k === 0 ? `${where}.polygon` : `${where}.holes[${k - 1}]`, ring)),
      );
      checkRings(where, rings);
      const { loiterSeconds } = zone;
      return {
        ...crossingRule(where, zone, base, source),
        polygon: rings[0]!,
        holes: rings.slice(1),
        loiterUs: loiterSeconds === undefined ? Infinity : seconds(`${where}.loiterSeconds`, loiterSeconds),
      };
    }),
    stationary: stationary.map((rule, i) => stationaryRule(rule, i, config, base, source)),
    countUs: countSeconds === undefined ? undefined : seconds('countSeconds', countSeconds, 0.001),
    heatMap: heatMap && {
      columns: checkInteger('heatMap.columns', heatMap.columns ?? 64, 1, 4096),
      rows: checkInteger('heatMap.rows', heatMap.rows ?? 36, 1, 4096),
      halfLifeUs:
        heatMap.halfLifeSeconds === undefined
          ? Infinity
          : seconds('heatMap.halfLifeSeconds', heatMap.halfLifeSeconds, 0.001),
      accepts: classFilter('heatMap', heatMap.classes, source.classes),
    },
    speed: config.speed && speedRule(config.speed, scale),
    trackEvents: config.trackEvents ?? true,
  };
}

type Base = Pick<CrossingRule, 'anchor' | 'minAgeUs' | 'settleUs' | 'hysteresis'>;
type Scale = (where: string, points: readonly PointConfig[]) => Point[];

function crossingDefaults(config: AnalyticsConfig): Base {
  return crossingBase('', config, {
    anchor: 'bottom',
    minAgeUs: 300_000,
    settleUs: 200_000,
    hysteresis: 0.1,
  });
}

function crossingBase(prefix: string, config: CrossingConfig, base: Base): Base {
  const { anchor = base.anchor, minAgeSeconds, settleSeconds, hysteresis = base.hysteresis } = config;
  if (!ANCHORS.includes(anchor))
    fail(`${prefix}anchor`, `must be one of ${ANCHORS.join(', ')}, got "${anchor}"`);
  return {
    anchor,
    minAgeUs: minAgeSeconds === undefined ? base.minAgeUs : seconds(`${prefix}minAgeSeconds`, minAgeSeconds),
    settleUs: settleSeconds === undefined ? base.settleUs : seconds(`${prefix}settleSeconds`, settleSeconds),
    hysteresis: checkNumber(`${prefix}hysteresis`, hysteresis, 0, 100),
  };
}

function crossingRule(
  where: string,
  config: CrossingConfig & {
    readonly name: string;
    readonly classes?: readonly string[] | undefined;
    readonly hysteresisPixels?: number | undefined;
  },
  base: Base,
  source: AnalyticsSource,
): CrossingRule {
  const { name, hysteresisPixels } = config;
  if (hysteresisPixels !== undefined) checkNumber(`${where}.hysteresisPixels`, hysteresisPixels, 0, 1e5);
  const accepts = classFilter(where, config.classes, source.classes);
  return { name, ...crossingBase(`${where}.`, config, base), hysteresisPixels, accepts };
}

function stationaryRule(
  config: StationaryConfig,
  i: number,
  { zones = [] }: AnalyticsConfig,
  base: Base,
  source: AnalyticsSource,
): StationaryRule {
  const where = `stationary[${i}] "${config.name}"`;
  const { radius = 0.25, radiusPixels } = config;
  if (radiusPixels !== undefined) checkNumber(`${where}.radiusPixels`, radiusPixels, 0, 1e5);
  const zone = config.zone === undefined ? -1 : zones.findIndex(({ name }) => name === config.zone);
  if (config.zone !== undefined && zone < 0) {
    const names = zones.map(({ name }) => name).join(', ');
    fail(
      `${where}.zone`,
      `names "${config.zone}", which is no zone; there ${names ? `are ${names}` : 'are none'}`,
    );
  }
  return {
    name: config.name,
    anchor: base.anchor,
    afterUs: seconds(`${where}.seconds`, config.seconds),
    settleUs: base.settleUs,
    radius: checkNumber(`${where}.radius`, radius, 0, 100),
    radiusPixels,
    zone: zone < 0 ? undefined : zone,
    accepts: classFilter(where, config.classes, source.classes),
  };
}

function speedRule(config: NonNullable<AnalyticsConfig['speed']>, scale: Scale): SpeedRule {
  const { metresPerPixel, points, unit = 'km/h', windowSeconds = 1 } = config;
  if ((metresPerPixel === undefined) === (points === undefined))
    fail('speed', 'needs exactly one of metresPerPixel and points');
  if (!UNITS.includes(unit)) fail('speed.unit', `must be km/h or m/s, got "${unit}"`);
  const windowUs = seconds('speed.windowSeconds', windowSeconds, 0.05);
  if (points === undefined) {
    const metres = checkNumber('speed.metresPerPixel', metresPerPixel!, 1e-6, 1e3);
    return { toGround: scaleHomography(metres), unit, windowUs };
  }
  const image = scale(
    'speed.points',
    points.map((pair) => pair.image),
  );
  const ground = points.map(({ ground: [x, y] }) => ({ x, y }));
  return { toGround: fitHomography('speed.points', image, ground), unit, windowUs };
}

function pointScale({ coordinates = 'pixels' }: AnalyticsConfig, source: AnalyticsSource): Scale {
  if (!COORDINATES.includes(coordinates))
    fail('coordinates', `must be pixels or normalised, got "${coordinates}"`);
  const { width, height } = source;
  const normalised = coordinates === 'normalised';
  // Shapes may reach out of the picture, but a point far outside was meant otherwise.
  const most = normalised ? 2 : 3 * Math.max(width, height);
  return (where, points) =>
    points.map(([x, y], i) => {
      if (
        ![x, y].every(
          (value) => Number.isFinite(value) && value >= (normalised ? -1 : -most) && value <= most,
        )
      ) {
        const hint = normalised
          ? 'normalised coordinates go from 0 to 1; for pixels set coordinates: pixels'
          : `the picture is ${width} × ${height} pixels`;
        fail(`${where}[${i}]`, `is (${x}, ${y}), far outside of the picture; ${hint}`);
      }
      return normalised ? { x: x * width, y: y * height } : { x, y };
    });
}

/** A ring may repeat its first point at the end, as GeoJSON does. */
function openRing(ring: readonly Point[]): readonly Point[] {
  const first = ring[0];
  const last = ring.at(-1);
  return ring.length > 3 && first?.x === last?.x && first?.y === last?.y ? ring.slice(0, -1) : ring;
}

function seconds(where: string, value: number, least = 0): number {
  return Math.round(checkNumber(where, value, least, MOST_SECONDS) * 1e6);
}

function checkInteger(where: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value)) fail(where, `must be a whole number, got ${value}`);
  return checkNumber(where, value, least, most);
}
