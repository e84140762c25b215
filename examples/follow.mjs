/** Follows the objects of a video and prints them as they come. Run: node examples/follow.mjs street.mp4 */
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
const [source] = (await pipeline.run()).sources;
if (source.error) {
  console.error(source.error.message);
  process.exitCode = 1;
} else console.log(`${source.tracks} objects in all`);
