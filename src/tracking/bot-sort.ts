import * as z from 'zod';
import {
  BYTE_TRACK_SETTINGS,
  BYTE_TRACK_SPELLINGS,
  byteTrackShape,
  consistent,
  trackInTwoStages,
} from './byte-track/byte-track.js';
import { CameraMotion } from './camera-motion/camera-motion.js';
import { WIDTH_HEIGHT_NOISE } from './filters/kalman-noise.js';
import type { TrackerKind } from './tracker-kind.js';

const options = z
  .strictObject({
    ...byteTrackShape,
    gmc_method: z
      .enum(['sparseOptFlow', 'none'], 'expected sparseOptFlow or none')
      .default('none')
      .describe('`sparseOptFlow` or `none`: whether tracks are carried along with the camera'),
  })
  .superRefine(consistent);

/**
 * BoT-SORT without re-identification: ByteTrack with BoT-SORT's filter (width and height instead of aspect and height), and
 * tracks that are carried along with the camera (Aharon et al. 2022, arXiv:2206.14651).
 */
export const botSort: TrackerKind<typeof options> = {
  type: 'botsort',
  doc: "ByteTrack with BoT-SORT's filter and, if asked to look at pictures, camera motion; without re-identification (arXiv:2206.14651)",
  options,
  spellings: { ...BYTE_TRACK_SPELLINGS, cmc_method: 'gmc_method' },
  settings: {
    ...BYTE_TRACK_SETTINGS,
    cameraMotion: { parameter: 'gmc_method', on: 'sparseOptFlow', off: 'none' },
  },
  create: ({ gmc_method: method, ...chosen }) =>
    trackInTwoStages(chosen, WIDTH_HEIGHT_NOISE, method === 'none' ? undefined : new CameraMotion()),
};
