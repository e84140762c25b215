import type { Detection } from '../../contract/detector.js';
import { Association, type PairRule } from './association.js';
import { DetectionBuffer } from './detection-buffer.js';
import { gatherFree, isSecondClassOfTaken, sortStrongestFirst } from '../detection-order.js';
import type { KalmanNoise } from '../filters/kalman-noise.js';
import type { Similarity } from '../camera-motion/similarity.js';
import { MediaClock } from '../media-clock.js';
import { CONFIRMED, ENDED, LOST, TENTATIVE, TrackStore } from './track-store.js';

/** Parameters of ByteTrack, all decided; see `byteTrackShape` for their meaning. */
export interface ByteTrackParameters {
  readonly trackHighThresh: number;
  readonly trackLowThresh: number;
  readonly newTrackThresh: number;
  readonly matchThresh: number;
  readonly trackBufferUs: number;
  readonly fuseScore: boolean;
  readonly crossClassIou: number;
  readonly nominalIntervalUs: number;
  /** The constants of the Kalman filter. */
  readonly noise: KalmanNoise;
  /**
   * Do as the authors' program does where ours differs on purpose: ids are taken by tentative tracks too; a track whose
   * buffer is over can come back for one more frame; a tentative track's filter takes no step before its second box, so
   * that its velocity starts a frame late; IoU takes boxes to include their last pixel; boxes that start tracks are not compared across classes.
   */
  readonly asPublished: boolean;
}

const LOW_SCORE_LIMIT = 0.5;
const TENTATIVE_LIMIT = 0.7;
/** A tracked and a lost track that overlap more than this are one object. */
const DUPLICATE_COST = 0.15;
/**
 * ByteTrack (Zhang et al. 2022, arXiv:2110.06864) over structure-of-arrays state: the algorithm without its edges.
 *
 * Each frame: predict; match confident detections to confirmed and lost tracks; match the weak ones to the confirmed
 * tracks left over; match what is left of the confident ones to tentative tracks; start new ones; age the rest.
 */
export class ByteTrackEngine {
  /** State after the last update, in full precision. Read only. */
  readonly tracks: TrackStore;
  readonly detections = new DetectionBuffer();
  private readonly association = new Association();
  private readonly lastPixel: 0 | 1;
  private readonly highRule: PairRule;
  private readonly lowRule: PairRule;
  private readonly tentativeRule: PairRule;
  private readonly clock = new MediaClock();
  private lastId = 0;
  private rows = new Int32Array(64);
  private columns = new Int32Array(64);

  constructor(private readonly parameters: ByteTrackParameters) {
    const { matchThresh, fuseScore, crossClassIou } = parameters;
    this.tracks = new TrackStore(parameters.noise);
    this.lastPixel = parameters.asPublished ? 1 : 0;
    this.highRule = { limit: matchThresh, fuseScore, crossClassIou, lastPixel: this.lastPixel };
    this.lowRule = { ...this.highRule, limit: LOW_SCORE_LIMIT, fuseScore: false };
    this.tentativeRule = { ...this.highRule, limit: TENTATIVE_LIMIT };
  }

  /**
   * Takes one frame's detections.
   * @param move how the camera's motion moved the picture since the frame before.
   * @throws SightlineError ERR_SOURCE_INVALID when time is not a number or goes back.
   */
  update(detections: readonly Detection[], ptsUs: number, move?: Similarity): void {
    const { clock } = this;
    const { trackHighThresh, trackLowThresh, trackBufferUs, nominalIntervalUs, asPublished } =
      this.parameters;
    clock.advance(ptsUs);
    this.tracks.beginFrame();
    this.detections.load(detections, this.tracks.classes);
    this.fit();
    this.predict(clock.intervalUs / nominalIntervalUs);
    if (move) this.follow(move);
    const hole = !asPublished && clock.isHole(trackBufferUs);
    this.matchStage(
      this.gatherPool(hole),
      gatherFree(this.detections, trackHighThresh, Infinity, this.columns),
      this.highRule,
    );
    this.matchStage(
      this.gatherUnseen(CONFIRMED, hole),
      gatherFree(this.detections, trackLowThresh, trackHighThresh, this.columns),
      this.lowRule,
    );
    this.matchStage(
      this.gatherUnseen(TENTATIVE, hole),
      gatherFree(this.detections, trackHighThresh, Infinity, this.columns),
      this.tentativeRule,
    );
    this.startTracks();
    this.ageTracks();
    this.removeDuplicates();
    this.tracks.finishFrame();
  }

  /** Ends all tracks, and forgets the time; ids go on. What was reported stands in `tracks.ended`. */
  flush(): void {
    this.tracks.beginFrame();
    for (let i = 0; i < this.tracks.count; i++) this.tracks.end(this.tracks.order[i]!);
    this.tracks.finishFrame();
    this.clock.restart();
  }

  private follow({ a, b, tx, ty }: Similarity): void {
    const { tracks } = this;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      tracks.filter.move(slot, a, b, tx, ty);
      tracks.refresh(slot);
    }
  }

  private predict(steps: number): void {
    const { tracks } = this;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      const state = tracks.state[slot]!;
      if (state === TENTATIVE && this.parameters.asPublished) continue;
      if (state === LOST) tracks.filter.holdHeight(slot);
      tracks.filter.predict(slot, steps);
      tracks.refresh(slot);
    }
  }

  /** Confirmed tracks, then lost ones, into `rows`. */
  private gatherPool(hole: boolean): number {
    const { tracks } = this;
    let count = this.gatherUnseen(CONFIRMED, hole);
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      if (tracks.state[slot] !== LOST) continue;
      if (this.parameters.asPublished || !this.isOver(slot, this.clock.nowUs)) this.rows[count++] = slot;
    }
    return count;
  }

  private gatherUnseen(state: number, hole: boolean): number {
    const { tracks, rows } = this;
    let count = 0;
    if (hole) return 0;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      if (tracks.state[slot] === state && tracks.detection[slot] === -1) rows[count++] = slot;
    }
    return count;
  }

  private matchStage(rowCount: number, columnCount: number, rule: PairRule): void {
    if (rowCount === 0 || columnCount === 0) return;
    const { tracks, detections, rows, columns } = this;
    const partner = this.association.match(tracks, rows, rowCount, detections, columns, columnCount, rule);
    for (let i = 0; i < rowCount; i++) {
      if (partner[i] !== -1) this.continueTrack(rows[i]!, columns[partner[i]!]!);
    }
  }

  private continueTrack(slot: number, j: number): void {
    const { tracks, detections } = this;
    const { x1, y1, x2, y2 } = detections.corners;
    // A track that was over already when it came back is taken off at its next miss.
    if (this.parameters.asPublished && this.isOver(slot, this.clock.beforeUs)) tracks.expired[slot] = 1;
    tracks.correct(slot, x1[j]!, y1[j]!, x2[j]!, y2[j]!);
    tracks.sight(slot, detections, j, this.clock.nowUs);
    this.confirm(slot);
  }

  /** Ids are given here: `rows` are in the order of creation, so ids are too, and none is lost on a track that never shows. */
  private confirm(slot: number): void {
    this.tracks.state[slot] = CONFIRMED;
    if (this.tracks.id[slot] === 0) this.tracks.id[slot] = ++this.lastId;
  }

  /** Starts a track from each confident detection left over; in the first frame of all they are confirmed at once. */
  private startTracks(): void {
    const { tracks, detections, columns } = this;
    const { newTrackThresh, trackHighThresh, crossClassIou, asPublished } = this.parameters;
    const { x1, y1, x2, y2 } = detections.corners;
    const count = gatherFree(
      this.detections,
      Math.max(newTrackThresh, trackHighThresh),
      Infinity,
      this.columns,
    );
    if (!asPublished) sortStrongestFirst(detections, columns, count);
    for (let k = 0; k < count; k++) {
      const j = columns[k]!;
      if (!asPublished && isSecondClassOfTaken(detections, j, crossClassIou)) continue;
      const slot = tracks.add(x1[j]!, y1[j]!, x2[j]!, y2[j]!, this.clock.nowUs, detections.classSlot[j]!);
      if (asPublished) tracks.id[slot] = ++this.lastId;
      tracks.sight(slot, detections, j, this.clock.nowUs);
      if (this.clock.isFirstFrame) this.confirm(slot);
    }
  }

  private ageTracks(): void {
    const { tracks } = this;
    const { asPublished } = this.parameters;
    for (let i = 0; i < tracks.count; i++) {
      const slot = tracks.order[i]!;
      if (tracks.detection[slot] !== -1) continue;
      const wasLost = tracks.state[slot] === LOST;
      if (tracks.state[slot] === TENTATIVE) tracks.end(slot);
      else {
        tracks.state[slot] = LOST;
        const over = asPublished
          ? tracks.expired[slot] === 1 || (wasLost && this.isOver(slot, this.clock.beforeUs))
          : this.isOver(slot, this.clock.nowUs);
        if (over) tracks.end(slot);
      }
    }
  }

  private isOver(slot: number, atUs: number): boolean {
    return atUs - this.tracks.lastUs[slot]! > this.parameters.trackBufferUs;
  }

  /** Where a lost track lies on a seen one, the longer life stays. Each pair is judged, whatever became of its tracks in others. */
  private removeDuplicates(): void {
    const { tracks, rows } = this;
    let lostCount = 0;
    for (let i = 0; i < tracks.count; i++) {
      if (tracks.state[tracks.order[i]!] === LOST) rows[lostCount++] = tracks.order[i]!;
    }
    for (let i = 0; lostCount > 0 && i < tracks.count; i++) {
      const seen = tracks.order[i]!;
      if (tracks.detection[seen] === -1) continue;
      const life = tracks.lastUs[seen]! - tracks.firstUs[seen]!;
      for (let k = 0; k < lostCount; k++) {
        const lost = rows[k]!;
        const iou = tracks.corners.overlap(seen, tracks.corners, lost, this.lastPixel);
        if (!(1 - iou < DUPLICATE_COST)) continue;
        if (tracks.classSlot[seen] !== tracks.classSlot[lost] && iou < this.parameters.crossClassIou)
          continue;
        const shorter = life > tracks.lastUs[lost]! - tracks.firstUs[lost]! ? lost : seen;
        if (tracks.state[shorter] !== ENDED) tracks.end(shorter);
      }
    }
  }

  /** Makes the scratch lists long enough for this frame. */
  private fit(): void {
    const { tracks, detections } = this;
    const most = tracks.count + detections.count;
    if (this.rows.length >= most) return;
    this.rows = new Int32Array(most * 2);
    this.columns = new Int32Array(most * 2);
  }
}
