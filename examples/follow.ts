/** Follows the objects of a video and prints them as they come. Run: node examples/follow.js street.mp4 */
import { createPipeline } from 'sightline';

const pipeline = await createPipeline({
  sources: [process.argv[2] ?? 'examples/clips/car-detection.mp4'],
  detect: { classes: ['car', 'truck', 'bus'] },
  sinks: [{ type: 'video', path: 'annotated.mp4' }],
  overwrite: true,
});
pipeline.results.subscribe(({ frame, tracks }) => {
  const seen = tracks.map(({ label, trackId }) => `${label} ${trackId}`).join(', ');
  console.log(`${(frame.ptsUs / 1e6).toFixed(2)} s: ${seen}`);
});
const { sources } = await pipeline.run();
console.log(`${sources[0]?.tracks ?? 0} objects in all`);
