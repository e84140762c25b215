import type { Letterbox, PixelBuffer } from '../../contract/picture.js';

const LEVELS = 3;
/** Least of the weaker gradient energy in a 3 × 3 neighbourhood for a corner. */
const LEAST_TEXTURE = 400;

/** Brightness of the picture inside a letterbox at half, a quarter and an eighth of its size; memory is reused. */
export class LumaPyramid {
  width = 0;
  height = 0;
  readonly levels: Float32Array[] = [];
  readonly widths = new Int32Array(LEVELS);
  readonly heights = new Int32Array(LEVELS);

  /** Takes the luma (BT.601 weights) of an rgb24 picture. */
  load({ data, width: stride }: PixelBuffer, letterbox: Letterbox): void {
    const width = letterbox.width >> 1;
    const height = letterbox.height >> 1;
    this.fit(width, height);
    const level = this.levels[0]!;
    for (let y = 0; y < height; y++) {
      let at = ((letterbox.y + 2 * y) * stride + letterbox.x) * 3;
      const below = stride * 3;
      for (let x = 0; x < width; x++, at += 6) {
        const red = data[at]! + data[at + 3]! + data[at + below]! + data[at + below + 3]!;
        const green = data[at + 1]! + data[at + 4]! + data[at + below + 1]! + data[at + below + 4]!;
        const blue = data[at + 2]! + data[at + 5]! + data[at + below + 2]! + data[at + below + 5]!;
        level[y * width + x] = (77 * red + 150 * green + 29 * blue) / 1024;
      }
    }
    for (let l = 1; l < LEVELS; l++) this.halve(l);
  }

  /** The pixel of a rectangle of the finest level with the most texture in its weaker direction, or −1 where all is flat. */
  strongestCorner(x0: number, y0: number, x1: number, y1: number): number {
    const { width } = this;
    const level = this.levels[0]!;
    let best = -1;
    let most = LEAST_TEXTURE;
    for (let y = y0; y < y1; y += 2) {
      for (let x = x0; x < x1; x += 2) {
        const centre = y * width + x;
        let xx = 0;
        let yy = 0;
        let xy = 0;
        for (let v = -1; v <= 1; v++) {
          for (let u = -1; u <= 1; u++) {
            const at = centre + v * width + u;
            const gx = level[at + 1]! - level[at - 1]!;
            const gy = level[at + width]! - level[at - width]!;
            xx += gx * gx;
            yy += gy * gy;
            xy += gx * gy;
          }
        }
        const half = (xx - yy) / 2;
        const weaker = (xx + yy) / 2 - Math.sqrt(half * half + xy * xy);
        if (weaker > most) {
          most = weaker;
          best = centre;
        }
      }
    }
    return best;
  }

  private halve(l: number): void {
    const from = this.levels[l - 1]!;
    const into = this.levels[l]!;
    const stride = this.widths[l - 1]!;
    const width = this.widths[l]!;
    for (let y = 0; y < this.heights[l]!; y++) {
      let at = 2 * y * stride;
      for (let x = 0; x < width; x++, at += 2) {
        into[y * width + x] = (from[at]! + from[at + 1]! + from[at + stride]! + from[at + stride + 1]!) / 4;
      }
    }
  }

  private fit(width: number, height: number): void {
    if (this.width === width && this.height === height) return;
    this.width = width;
    this.height = height;
    for (let l = 0; l < LEVELS; l++) {
      this.widths[l] = width >> l;
      this.heights[l] = height >> l;
      this.levels[l] = new Float32Array((width >> l) * (height >> l));
    }
  }
}
