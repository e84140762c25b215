import * as z from 'zod';
import { SightlineError } from '../../errors.js';
import type { SinkKind } from '../sink-kind.js';
import { createHeatMapSink } from './heat-map-sink.js';

const options = z.strictObject({
  path: z.string().min(1).describe('File that ends in .png; {source} stands for the id of the source.'),
});

/** Heat map as PNG. */
export const heatMapSink: SinkKind<typeof options, 'heat-map'> = {
  type: 'heat-map',
  doc: 'Where objects spent their time, as PNG, once a source has ended; needs `heatMap` in its analytics.',
  options,
  files: ['path'],
  oneSource: true,
  worksBlind: true,
  create({ path }, { overwrite, source }) {
    if (source?.heatMap === false)
      throw new SightlineError(
        'ERR_USAGE',
        `the heat-map output "${path}" needs a heat map of "${source.id}"; put "heatMap: {}" into its analytics or zones file`,
      );
    return createHeatMapSink({ path, overwrite });
  },
};
