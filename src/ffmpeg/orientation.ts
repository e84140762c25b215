/** How a stored picture has to be turned to stand upright. */
export interface Orientation {
  /** ffmpeg filters in order; none for nearly all video. */
  readonly filters: readonly string[];
  /** Whether width and height change places. */
  readonly swapsAxes: boolean;
}

const UPRIGHT: Orientation = { filters: [], swapsAxes: false };
const ONE = 65536;
/** Sine of the one degree that ffmpeg allows when it looks for quarter turns. */
const TOLERANCE = Math.sin(Math.PI / 180);

/**
 * What ffmpeg's autorotation does for a display matrix. We do it ourselves because the size of the result must be known
 * before ffmpeg starts, and because versions differ in which matrices they honour.
 * @param dump the matrix as ffprobe prints it: three lines of an address and three 16.16 numbers.
 */
export function orientationOf(dump: string | undefined): Orientation {
  const numbers =
    (dump ?? '')
      .replaceAll(/[0-9a-f]{8}:/g, ' ')
      .match(/-?\d+/g)
      ?.map(Number) ?? [];
  const [a = ONE, b = 0, , c = 0, d = ONE] = numbers;
  const across = Math.hypot(a, c);
  const down = Math.hypot(b, d);
  if (numbers.length !== 9 || across === 0 || down === 0) return UPRIGHT;
  const cosine = a / across;
  const sine = b / down;
  if (Math.abs(cosine) < TOLERANCE) return { filters: [`transpose=${quarterTurn(b, c)}`], swapsAxes: true };
  if (Math.abs(sine) >= TOLERANCE) {
    return { filters: [`rotate=${Math.atan2(sine, cosine).toFixed(6)}`], swapsAxes: false };
  }
  return { filters: [...(a < 0 ? ['hflip'] : []), ...(d < 0 ? ['vflip'] : [])], swapsAxes: false };
}

/** The same for a number of EXIF's `Orientation`: 1 is upright, and so is what is no such number. */
export function orientationOfExif(value: number): Orientation {
  const filters = EXIF[value];
  return filters === undefined ? UPRIGHT : { filters, swapsAxes: value >= 5 };
}

/** By number; CIPA DC-008, table 4: where row 0 and column 0 of the stored picture belong. */
const EXIF: Readonly<Record<number, readonly string[]>> = {
  2: ['hflip'],
  3: ['hflip', 'vflip'],
  4: ['vflip'],
  5: ['transpose=cclock_flip'],
  6: ['transpose=clock'],
  7: ['transpose=clock_flip'],
  8: ['transpose=cclock'],
};

function quarterTurn(b: number, c: number): string {
  if (b > 0) return c > 0 ? 'cclock_flip' : 'clock';
  return c < 0 ? 'clock_flip' : 'cclock';
}
