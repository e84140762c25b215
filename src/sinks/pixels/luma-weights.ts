import type { ColourInfo } from '../../contract/picture.js';

/** What red and blue add to the luma of a picture; green adds the rest. */
export type LumaWeights = readonly [kr: number, kb: number];

/**
 * The weights of a picture with these tags: ITU-T H.273, table 4. Without a tag that is known, pictures of 720 lines and
 * more are taken for BT.709 and smaller ones for BT.601, as players do.
 * @param height of the picture, for the guess.
 */
export function lumaWeights(space: ColourInfo['space'], height: number): LumaWeights {
  switch (space) {
    case 'bt709':
      return BT709;
    case 'bt470bg':
    case 'smpte170m':
      return BT601;
    case 'fcc':
      return [0.3, 0.11];
    case 'smpte240m':
      return [0.212, 0.087];
    case 'bt2020nc':
    case 'bt2020c':
      return [0.2627, 0.0593];
    case undefined:
    default:
      return height >= 720 ? BT709 : BT601;
  }
}

const BT709 = [0.2126, 0.0722] as const;
const BT601 = [0.299, 0.114] as const;
