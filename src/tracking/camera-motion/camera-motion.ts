import type { Letterbox, PixelBuffer } from '../../contract/picture.js';
import { LumaPyramid } from './luma-pyramid.js';
import { OpticalFlow } from './optical-flow.js';
import type { Similarity } from './similarity.js';
import { SimilarityFit } from './similarity-fit.js';
import type { TrackStore } from '../byte-track/track-store.js';

/** The picture that a tracker may look at: the network's input and where the picture lies in it. Only read during the call. */
export interface TrackerPicture {
  readonly input: PixelBuffer;
  readonly letterbox: Letterbox;
}

const GRID = 12;
const MOST_POINTS = GRID * GRID;
/** Fewer points that agree than this do not tell a movement of the camera from one of the scene. */
const LEAST_INLIERS = 12;
const LEAST_SHARE = 0.4;

/**
 * The camera's motion between two frames, seen in the network's small picture: sparse optical flow at corners that lie
 * outside the tracked objects, and the similarity (shift, rotation, scale) that most of them agree on.
 */
export class CameraMotion {
  private readonly pyramids = [new LumaPyramid(), new LumaPyramid()] as const;
  private readonly flow = new OpticalFlow(MOST_POINTS);
  private readonly fit = new SimilarityFit(MOST_POINTS);
  private readonly pointX = new Float64Array(MOST_POINTS);
  private readonly pointY = new Float64Array(MOST_POINTS);
  private readonly result: Similarity = { a: 1, b: 0, tx: 0, ty: 0 };
  private turn = 0;
  private has = false;

  /** Forgets the last picture. */
  forget(): void {
    this.has = false;
  }

  /**
   * Compares a picture with that of the last call.
   * @param tracks objects whose places in the last frame hold no background.
   * @returns the motion, overwritten by the next call, or undefined where none can be told.
   */
  estimate({ input, letterbox }: TrackerPicture, tracks: TrackStore): Similarity | undefined {
    const before = this.pyramids[this.turn === 0 ? 0 : 1];
    const now = this.pyramids[this.turn === 0 ? 1 : 0];
    this.turn = 1 - this.turn;
    now.load(input, letterbox);
    const comparable = this.has && before.width === now.width && before.height === now.height;
    this.has = true;
    if (!comparable) return undefined;
    const scaleX = letterbox.sourceWidth / now.width;
    const scaleY = letterbox.sourceHeight / now.height;
    const count = this.pickCorners(before, tracks, scaleX, scaleY);
    if (count < LEAST_INLIERS) return undefined;
    const found = this.flow.follow(before, now, this.pointX, this.pointY, count);
    const inliers = this.fit.solve(this.flow, found, scaleX, scaleY, this.result);
    return inliers >= LEAST_INLIERS && inliers >= LEAST_SHARE * found ? this.result : undefined;
  }

  /** The strongest corner of each cell of a grid whose neighbourhood has texture in both directions. */
  private pickCorners(pyramid: LumaPyramid, tracks: TrackStore, scaleX: number, scaleY: number): number {
    const { width, height } = pyramid;
    const { corners, order } = tracks;
    let count = 0;
    for (let cell = 0; cell < MOST_POINTS; cell++) {
      const x0 = Math.max(6, Math.floor(((cell % GRID) * width) / GRID));
      const y0 = Math.max(6, Math.floor((Math.floor(cell / GRID) * height) / GRID));
      const x1 = Math.min(width - 6, Math.floor((((cell % GRID) + 1) * width) / GRID));
      const y1 = Math.min(height - 6, Math.floor(((Math.floor(cell / GRID) + 1) * height) / GRID));
      const best = pyramid.strongestCorner(x0, y0, x1, y1);
      if (best === -1) continue;
      const x = best % width;
      const y = Math.floor(best / width);
      let covered = false;
      for (let i = 0; i < tracks.count && !covered; i++) {
        const slot = order[i]!;
        covered =
          x * scaleX > corners.x1[slot]! &&
          x * scaleX < corners.x2[slot]! &&
          y * scaleY > corners.y1[slot]! &&
          y * scaleY < corners.y2[slot]!;
      }
      if (covered) continue;
      this.pointX[count] = x;
      this.pointY[count++] = y;
    }
    return count;
  }
}
