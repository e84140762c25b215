import type { Detection } from '../../contract/detector.js';
import { DetectionBuffer } from '../byte-track/detection-buffer.js';
import { gatherFree, isSecondClassOfTaken, sortStrongestFirst } from '../detection-order.js';
import type { Corners } from '../corners.js';
import { AREA_ASPECT_NOISE } from '../filters/kalman-noise.js';
import { MediaClock } from '../media-clock.js';
import { ObservationAssociation, type OverlapRule } from './observation-association.js';
import { ObservationBank } from './observations.js';
import { CONFIRMED, LOST, TENTATIVE, TrackStore } from '../byte-track/track-store.js';

/** Parameters of SORT and OC-SORT, all decided; docs/tracking.md says what they mean. */
export interface OcSortParameters {
  readonly detThresh: number;
  readonly lowThresh: number;
  readonly maxAgeUs: number;
  readonly minHits: number;
  readonly iouThreshold: number;
  readonly deltaTUs: number;
  readonly inertia: number;
  readonly useByte: boolean;
  /** Whether observations re-update the filter after a gap and recover tracks: OC-SORT without momentum and these is SORT. */
  readonly observationCentric: boolean;
  readonly crossClassIou: number;
  readonly nominalIntervalUs: number;
  /**
   * Do as the authors' programs do where ours differ on purpose: ids are taken by tracks that never show; a track must be
   * seen `minHits` times in a row again after each miss; its first box is no observation; all boxes are assigned before pairs are judged.
   */
  readonly asPublished: boolean;
}

/**
 * SORT (Bewley et al. 2016, arXiv:1602.00763) and OC-SORT (Cao et al. 2023, arXiv:2203.14360) over structure-of-arrays
 * state: the algorithms without their edges.
 */
export class OcSortEngine {
  /** State after the last update, in full precision. Read only. */
  readonly tracks = new TrackStore(AREA_ASPECT_NOISE);
  readonly detections = new DetectionBuffer();
  private readonly observations = new ObservationBank(64);
  private readonly association = new ObservationAssociation(this.observations);
  private readonly momentumRule: OverlapRule;
  private readonly plainRule: OverlapRule;
  private readonly clock = new MediaClock();
  private frames = 0;
  private lastId = 0;
  private rows = new Int32Array(64);
  private columns = new Int32Array(64);

  constructor(private readonly parameters: OcSortParameters) {
    const { iouThreshold, crossClassIou, inertia, deltaTUs, asPublished } = parameters;
    this.momentumRule = {
      iouThreshold,
      crossClassIou,
      inertia,
      lookBackUs: deltaTUs,
      dropAfterwards: asPublished,
    };
    this.plainRule = { ...this.momentumRule, inertia: 0 };
  }

  /** Takes one frame's detections. @throws SightlineError ERR_SOURCE_INVALID when time is not a number or goes back. */
  update(detections: readonly Detection[], ptsUs: number): void {
    const { clock, tracks } = this;
    const { detThresh, lowThresh, maxAgeUs, nominalIntervalUs, useByte, observationCentric, asPublished } =
      this.parameters;
    clock.advance(ptsUs);
    this.frames++;
    tracks.beginFrame();
    this.detections.load(detections, tracks.classes);
    this.fit();
    this.predict(clock.intervalUs / nominalIntervalUs);
    if (asPublished || !clock.isHole(maxAgeUs)) {
      this.matchStage(tracks.corners, detThresh, Infinity, this.momentumRule);
      if (useByte) this.matchStage(tracks.corners, lowThresh, detThresh, this.plainRule);
      if (observationCentric) this.matchStage(tracks.observed, detThresh, Infinity, this.plainRule);
    }
    this.startTracks();
    this.ageTracks();
    tracks.finishFrame();
  }

  /** Ends all tracks, and forgets the time; ids go on. What was reported stands in `tracks.ended`. */
  flush(): void {
    this.tracks.beginFrame();
    for (let i = 0; i < this.tracks.count; i++) this.tracks.end(this.tracks.order[i]!);
    this.tracks.finishFrame();
    this.clock.restart();
    this.frames = 0;
  }

  private predict(steps: number): void {
    const { tracks } = this;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      tracks.filter.predict(slot, steps);
      tracks.refresh(slot);
    }
  }

  private matchStage(boxes: Corners, from: number, below: number, rule: OverlapRule): void {
    const { tracks, detections, rows, columns } = this;
    const columnCount = gatherFree(detections, from, below, columns);
    const rowCount = this.gatherUnseen(boxes === tracks.observed);
    if (rowCount === 0 || columnCount === 0) return;
    const partner = this.association.match(
      boxes,
      tracks.classSlot,
      rows,
      rowCount,
      detections,
      columns,
      columnCount,
      rule,
      this.clock.nowUs,
    );
    for (let i = 0; i < rowCount; i++) {
      if (partner[i] !== -1) this.continueTrack(rows[i]!, columns[partner[i]!]!);
    }
  }

  private gatherUnseen(onlyObserved: boolean): number {
    const { tracks, rows } = this;
    let count = 0;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      if (tracks.detection[slot] !== -1 || (onlyObserved && this.observations.count(slot) === 0)) continue;
      if (!this.parameters.asPublished && tracks.state[slot] === LOST && this.isOver(slot)) continue;
      rows[count++] = slot;
    }
    return count;
  }

  private continueTrack(slot: number, j: number): void {
    const { tracks, detections, observations } = this;
    const { corners } = detections;
    const { nominalIntervalUs, deltaTUs, observationCentric } = this.parameters;
    const { nowUs, beforeUs } = this.clock;
    if (observationCentric) {
      if (tracks.lastUs[slot]! < beforeUs && observations.count(slot) > 0) {
        const steps = (nowUs - tracks.lastUs[slot]!) / nominalIntervalUs;
        observations.replay(slot, tracks.filter, tracks.observed, corners, j, steps);
      }
      observations.add(slot, corners, j, nowUs, deltaTUs);
    }
    tracks.correct(slot, corners.x1[j]!, corners.y1[j]!, corners.x2[j]!, corners.y2[j]!);
    if (observationCentric) observations.save(slot, tracks.filter);
    tracks.sight(slot, detections, j, nowUs);
    this.judge(slot);
  }

  /** Whether a track that is seen shows: from its `minHits`-th sighting in a row, or at once in the first frames of all. */
  private judge(slot: number): void {
    const { minHits, asPublished } = this.parameters;
    const { tracks } = this;
    // The authors do not count the box that starts a track.
    const hits = tracks.hits[slot]! - (asPublished ? 1 : 0);
    const shows = hits >= minHits || this.frames <= (asPublished ? minHits : 1);
    if (shows) {
      tracks.state[slot] = CONFIRMED;
      if (tracks.id[slot] === 0) tracks.id[slot] = ++this.lastId;
    } else if (tracks.state[slot] === LOST) tracks.state[slot] = asPublished ? TENTATIVE : CONFIRMED;
    else if (asPublished) tracks.state[slot] = TENTATIVE;
  }

  private startTracks(): void {
    const { tracks, detections, columns, observations } = this;
    const { detThresh, crossClassIou, deltaTUs, observationCentric, asPublished } = this.parameters;
    const { corners } = detections;
    const { x1, y1, x2, y2 } = corners;
    const count = gatherFree(detections, detThresh, Infinity, columns);
    if (!asPublished) sortStrongestFirst(detections, columns, count);
    for (let k = 0; k < count; k++) {
      const j = columns[k]!;
      if (!asPublished && isSecondClassOfTaken(detections, j, crossClassIou)) continue;
      const slot = tracks.add(x1[j]!, y1[j]!, x2[j]!, y2[j]!, this.clock.nowUs, detections.classSlot[j]!);
      observations.fit(slot + 1);
      observations.clear(slot);
      if (asPublished) tracks.id[slot] = ++this.lastId;
      else if (observationCentric) {
        observations.add(slot, corners, j, this.clock.nowUs, deltaTUs);
        observations.save(slot, tracks.filter);
      }
      tracks.sight(slot, detections, j, this.clock.nowUs);
      this.judge(slot);
    }
  }

  private ageTracks(): void {
    const { tracks } = this;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      if (tracks.detection[slot] !== -1) continue;
      tracks.hits[slot] = this.parameters.asPublished ? 1 : 0;
      if (tracks.state[slot] === CONFIRMED) tracks.state[slot] = LOST;
      if (this.isOver(slot)) tracks.end(slot);
    }
  }

  private isOver(slot: number): boolean {
    return this.clock.nowUs - this.tracks.lastUs[slot]! > this.parameters.maxAgeUs;
  }

  /** Makes the scratch lists long enough for this frame. */
  private fit(): void {
    const most = this.tracks.count + this.detections.count;
    if (this.rows.length >= most) return;
    this.rows = new Int32Array(most * 2);
    this.columns = new Int32Array(most * 2);
  }
}
