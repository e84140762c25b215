import type { FrameGeometry } from '../contract/frame.js';
import type { Box } from '../contract/picture.js';
import type { FrameResult } from '../contract/result.js';
import type { Track } from '../contract/tracker.js';

/**
 * A result as it would be in images of another size: what lines and zones, which are drawn into the first image of a source,
 * are told of after its size has changed. The result itself if the sizes are the same.
 */
export function scaleResult(
  result: FrameResult,
  { width, height }: Pick<FrameGeometry, 'width' | 'height'>,
): FrameResult {
  const { frame, tracks, ended, detections } = result;
  if (frame.width === width && frame.height === height) return result;
  const x = width / frame.width;
  const y = height / frame.height;
  const scaled = (track: Track): Track => ({
    ...track,
    box: scaleBox(track.box, x, y),
    velocity: { x: track.velocity.x * x, y: track.velocity.y * y },
  });
  return {
    ...result,
    detections: detections.map((detection) => ({ ...detection, box: scaleBox(detection.box, x, y) })),
    tracks: tracks.map(scaled),
    ended: ended.map(scaled),
  };
}

function scaleBox({ x1, y1, x2, y2 }: Box, x: number, y: number): Box {
  return { x1: x1 * x, y1: y1 * y, x2: x2 * x, y2: y2 * y };
}
