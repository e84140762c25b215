/** A source of a square that moves over a grey picture, for trying things out: `{ type: moving-shapes, frames: 50 }`. */
import { letterboxFor, type SourceKind, z } from 'sightline';

const options = z.strictObject({
  frames: z.int().min(1).default(100).describe('How many frames there are.'),
  side: z.int().min(8).default(64).describe('Side of the square in pixels.'),
});

const movingShapes: SourceKind<typeof options> = {
  type: 'moving-shapes',
  doc: 'A square that moves over a grey picture of 640 x 480, 25 times a second.',
  options,
  create: ({ frames, side }, { id }) => ({
    id,
    decodeErrors: 0,
    open: ({ input }) =>
      Promise.resolve({
        ...{ id, uri: 'moving-shapes', live: false, width: 640, height: 480, startUs: 0, audioCodecs: [] },
        ...{ timeBase: { num: 1, den: 25 }, pixelAspect: { num: 1, den: 1 }, colour: {} },
        expectedFrames: frames,
        letterbox: letterboxFor(input, 640, 480),
      }),
    async *frames(pool, signal) {
      for (let index = 0; index < frames && !signal.aborted; index++) {
        const slot = await pool.acquire(signal); // waits until one of the run's buffers is free
        slot.input.fill(128); // what the network sees: rgb24
        slot.image?.fill(128); // what people see, if a sink shows it: yuv420p, here the plane of light alone is drawn on
        for (let y = 200; y < 200 + side; y++) {
          const x = y * 640 + ((index * 4) % (640 - side));
          slot.image?.fill(235, x, x + side);
        }
        yield slot.publish({ index, ptsUs: index * 40_000, capturedAt: Date.now() });
      }
    },
  }),
};

/** What `modules: [./moving-shapes.js]` adds to a run. */
export const sourceKinds = [movingShapes];
