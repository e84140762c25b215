import { orientationOfExif } from '../../ffmpeg/orientation.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';

/** Formats of single pictures, as ffmpeg calls them; video says in its container how it is turned. */
const PICTURE = /(?:^image2|_pipe)$/;

/**
 * Adds to what ffprobe says of a picture how it is to be turned: that stands in its EXIF data, which few versions of ffprobe
 * tell of, and only of some formats.
 * @param path of the file.
 */
export async function turnPicture(probe: VideoProbe, path: string): Promise<VideoProbe> {
  if (!PICTURE.test(probe.format)) return probe;
  const orientation = orientationOfExif(await exifOrientation(path));
  if (orientation.swapsAxes === probe.orientation.swapsAxes) return { ...probe, orientation };
  const { width, height, pixelAspect } = probe;
  return {
    ...probe,
    orientation,
    width: height,
    height: width,
    pixelAspect: { num: pixelAspect.den, den: pixelAspect.num },
  };
}

async function exifOrientation(path: string): Promise<number> {
  // Loaded when it is needed: most inputs are videos.
  const { default: sharp } = await import('sharp');
  try {
    const { orientation = 1 } = await sharp(path, { failOn: 'none', limitInputPixels: false }).metadata();
    return orientation;
  } catch {
    // What it does not know has no EXIF data that anybody would look at.
    return 1;
  }
}
