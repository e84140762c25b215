/**
 * Analytics of one source: a reducer from results to events. Only sightings count: lost tracks at their predicted place
 * cause nothing. What is kept is bounded by the tracks that are alive or were a moment ago.
 */
import type { AnalyticsEvent, AnalyticsState, HeatMapSnapshot, Speed } from '../contract/events.js';
import type { Analytics } from '../contract/analytics.js';
import type { FrameResult } from '../contract/result.js';
import type { Track } from '../contract/tracker.js';
import type { AnalyticsConfig, AnalyticsSource } from './options.js';
import { EventLog } from './event-log.js';
import { HeatMap } from './heat-map.js';
import { findContinuations, type LostTrack } from './relink.js';
import { RuleRunner } from './rule-runner.js';
import { decideRules, type Rules } from './rules.js';
import { SpeedMeter } from './speed-meter.js';
import { Sighting } from './sighting.js';
import type { Subject } from './subject.js';
import { TrackJournal } from './track-journal.js';

/** A track that no list of tracks holds any more, though nobody said that it ended, is forgotten after this time. */
const FORGET_US = 10_000_000;

interface Followed {
  readonly journal: TrackJournal;
  /** Undefined once another track continues it. */
  subject: Subject | undefined;
  velocity: Track['velocity'];
  ended: boolean;
}

/** @throws SightlineError ERR_USAGE that names the key, for settings that cannot work. */
export function createAnalytics(config: AnalyticsConfig, source: AnalyticsSource): Analytics {
  return new SourceAnalytics(decideRules(config, source), source);
}

class SourceAnalytics implements Analytics {
  readonly #rules: Rules;
  readonly #source: AnalyticsSource;
  readonly #log: EventLog;
  readonly #runner: RuleRunner;
  readonly #heatMap: HeatMap | undefined;
  readonly #tracks = new Map<number, Followed>();
  #lastUs: number | undefined;

  constructor(rules: Rules, source: AnalyticsSource) {
    this.#rules = rules;
    this.#source = source;
    this.#log = new EventLog(source.id);
    this.#runner = new RuleRunner(rules, this.#log);
    this.#heatMap = rules.heatMap && new HeatMap(rules.heatMap, source.width, source.height);
  }

  update(result: FrameResult): readonly AnalyticsEvent[] {
    const { epoch, ptsUs } = result.frame;
    if (this.#lastUs !== undefined && (epoch !== this.#log.epoch || ptsUs < this.#lastUs)) this.#closeAll();
    this.#log.epoch = epoch;
    this.#lastUs = ptsUs;
    const seen = this.#sightings(result);
    this.#join(seen);
    for (const [sighting, track] of seen) this.#see(sighting, track);
    for (const { trackId } of result.ended) this.#endTrack(this.#tracks.get(trackId));
    this.#forget(new Set(result.tracks.map(({ trackId }) => trackId)), ptsUs);
    this.#runner.advance(ptsUs);
    return this.#log.take();
  }

  finish(): readonly AnalyticsEvent[] {
    this.#closeAll();
    return this.#log.take();
  }

  state(): AnalyticsState {
    const speeds = new Map<number, Speed>();
    for (const [trackId, { journal }] of this.#tracks) {
      const speed = journal.speed?.current;
      if (speed !== undefined && journal.last.us === this.#lastUs) speeds.set(trackId, speed);
    }
    return { lines: this.#runner.lineTotals(), zones: this.#runner.zoneTotals(), speeds };
  }

  heatMap(): HeatMapSnapshot | undefined {
    return this.#heatMap?.read(this.#lastUs ?? 0);
  }

  #sightings({ frame, tracks }: FrameResult): Map<Sighting, Track> {
    const scaleX = this.#source.width / frame.width;
    const scaleY = this.#source.height / frame.height;
    const seen = new Map<Sighting, Track>();
    for (const track of tracks) {
      const { x1, y1, x2, y2 } = track.box;
      if (track.state !== 'confirmed' || ![x1, y1, x2, y2].every(Number.isFinite)) continue;
      const box = { x1: x1 * scaleX, y1: y1 * scaleY, x2: x2 * scaleX, y2: y2 * scaleY };
      seen.set(new Sighting(track, box, frame.ptsUs, frame.index), track);
    }
    return seen;
  }

  /** Gives each new track an object: that of the lost track it continues, or a new one. */
  #join(seen: ReadonlyMap<Sighting, Track>): void {
    const fresh = [...seen.keys()].filter(({ trackId }) => this.#tracks.get(trackId)?.subject === undefined);
    if (fresh.length === 0) return;
    const lost = this.#lostTracks(new Set([...seen.keys()].map(({ trackId }) => trackId)));
    const { relinkUs, relinkDistance } = this.#rules;
    const continued = new Map(
      findContinuations(fresh, lost, relinkUs, relinkDistance, this.#source).map((pair) => [
        pair.newId,
        pair.lostId,
      ]),
    );
    for (const sighting of fresh) {
      const firstUs = sighting.us - Math.max(0, seen.get(sighting)!.ageUs);
      const lostId = continued.get(sighting.trackId);
      const before = lostId === undefined ? undefined : this.#tracks.get(lostId);
      const subject = before?.subject ?? this.#runner.start(sighting, firstUs);
      if (before !== undefined) before.subject = undefined;
      const track = this.#tracks.get(sighting.trackId) ?? this.#follow(sighting, firstUs);
      track.subject = subject;
      if (lostId !== undefined) track.journal.continues = lostId;
    }
  }

  #lostTracks(seen: ReadonlySet<number>): LostTrack[] {
    const lost: LostTrack[] = [];
    for (const [trackId, { journal, subject, velocity }] of this.#tracks) {
      if (subject !== undefined && !seen.has(trackId)) lost.push({ trackId, last: journal.last, velocity });
    }
    return lost;
  }

  #follow(sighting: Sighting, firstUs: number): Followed {
    const speed = this.#rules.speed && new SpeedMeter(this.#rules.speed);
    const journal = new TrackJournal(sighting, firstUs, speed, this.#source, this.#rules.anchor);
    const track: Followed = { journal, subject: undefined, velocity: { x: 0, y: 0 }, ended: false };
    this.#tracks.set(sighting.trackId, track);
    return track;
  }

  #see(sighting: Sighting, { trackId, velocity }: Track): void {
    const followed = this.#tracks.get(trackId)!;
    const { journal } = followed;
    const subject = followed.subject!;
    const { last } = subject;
    followed.velocity = velocity;
    if (sighting.us > journal.last.us) journal.see(sighting);
    this.#tellStart(followed, sighting);
    if (sighting.us <= last.us) return;
    const before = subject.zones.map(({ insideUs }) => insideUs);
    this.#runner.see(subject, sighting, journal.speed?.current);
    subject.zones.forEach(({ insideUs }, i) => {
      journal.zoneUs[i] = (journal.zoneUs[i] ?? 0) + insideUs - before[i]!;
    });
    if (this.#heatMap?.accepts(sighting.label) === true) {
      const { anchor } = this.#rules;
      this.#heatMap.add(last.anchor(anchor), sighting.anchor(anchor), last.us, sighting.us);
    }
  }

  #tellStart({ journal, subject }: Followed, { us, trackId, classId, label }: Sighting): void {
    if (journal.started || us - subject!.firstUs < this.#rules.minAgeUs) return;
    journal.started = true;
    if (!this.#rules.trackEvents) return;
    const { continues, firstUs } = journal;
    this.#log.add({
      type: 'track_start',
      ptsUs: firstUs,
      trackId,
      classId,
      label,
      ...(continues !== undefined && { continues }),
    });
  }

  #endTrack(followed: Followed | undefined): void {
    if (followed === undefined || followed.ended) return;
    const { journal } = followed;
    followed.ended = true;
    if (!journal.started || !this.#rules.trackEvents) return;
    const { us: ptsUs, trackId, classId, label } = journal.last;
    this.#log.add({
      type: 'track_end',
      ptsUs,
      trackId,
      classId,
      label,
      ...journal.summary(this.#rules.zones),
    });
  }

  /** Drops the tracks that are over, once nothing can continue them. */
  #forget(listed: ReadonlySet<number>, nowUs: number): void {
    for (const [trackId, followed] of this.#tracks) {
      const unseenUs = nowUs - followed.journal.last.us;
      if (unseenUs === 0 || listed.has(trackId)) continue;
      const keptUs = followed.ended ? this.#rules.relinkUs : Math.max(this.#rules.relinkUs, FORGET_US);
      if (followed.subject !== undefined && unseenUs <= keptUs) continue;
      if (followed.subject === undefined && !followed.ended && unseenUs <= FORGET_US) continue;
      this.#drop(trackId, followed, false);
    }
  }

  #drop(trackId: number, followed: Followed, unfinished: boolean): void {
    this.#endTrack(followed);
    if (followed.subject !== undefined) this.#runner.end(followed.subject, unfinished);
    this.#tracks.delete(trackId);
  }

  #closeAll(): void {
    if (this.#lastUs === undefined) return;
    for (const [trackId, followed] of this.#tracks) this.#drop(trackId, followed, !followed.ended);
    this.#runner.finish(this.#lastUs);
    this.#heatMap?.restart();
    this.#lastUs = undefined;
  }
}
