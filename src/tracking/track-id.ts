/**
 * A name for a track that no other track of any source and run-through has: `source/epoch/id`. Slashes and per cent signs
 * in the source's id are written as in URLs, so that the name always splits into three.
 */
export function globalTrackId(sourceId: string, epoch: number, trackId: number): string {
  return `${sourceId.replaceAll('%', '%25').replaceAll('/', '%2F')}/${epoch}/${trackId}`;
}
