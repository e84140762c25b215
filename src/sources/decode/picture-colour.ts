/** What becomes of an input's colours on the way to yuv420p: as little as possible, and nothing that its tags do not say. */
import type { ColourInfo } from '../../contract/picture.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';

type Probed = Pick<VideoProbe, 'colour' | 'pixelFormat' | 'height'>;

/** Palettes, black and white, and the raw pixels of a camera are decoded to RGB, or as if they were it. */
const RGB = /rgb|bgr|gbr|^(?:pal8|mono|bayer|xyz)/;
/** Grey, with and without alpha; ffmpeg takes it for full range unless it is told otherwise. */
const GREY = /^(?:gray|ya\d)/;

/**
 * How the pictures that `pictureScaling` leads to store colours. Range, matrix, primaries and transfer stay those of the
 * input; RGB has no matrix, and gets the one that players expect of its size.
 */
export function pictureColour(probe: Probed): ColourInfo {
  const { range, space, ...rest } = probe.colour;
  const stored = isFullRange(probe) ? 'pc' : range;
  const matrix = isRgb(probe) ? matrixFor(probe) : space;
  return {
    ...rest,
    ...(stored !== undefined && { range: stored }),
    // Said of RGB only, and of nothing that is stored as brightness and colour.
    ...(matrix !== undefined && matrix !== 'gbr' && { space: matrix }),
  };
}

/** Options of the scale filter that makes yuv420p, each with a colon before it. */
export function pictureScaling(probe: Probed): string {
  const full = isFullRange(probe);
  // The range is only named where something changes, because naming it costs a copy of each picture.
  const range = !full && probe.pixelFormat === 'yuv420p' ? '' : `:out_range=${full ? 'pc' : 'tv'}`;
  return isRgb(probe) ? `${range}:out_color_matrix=${matrixFor(probe)}` : range;
}

function isRgb({ pixelFormat }: Probed): boolean {
  return RGB.test(pixelFormat);
}

function isFullRange(probe: Probed): boolean {
  const { colour, pixelFormat } = probe;
  if (isRgb(probe) || pixelFormat.startsWith('yuvj')) return true;
  return colour.range === undefined ? GREY.test(pixelFormat) : colour.range === 'pc';
}

function matrixFor({ height }: Probed): string {
  return height >= 720 ? 'bt709' : 'smpte170m';
}
