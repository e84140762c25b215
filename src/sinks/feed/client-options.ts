/** What a client of the feed asked for in the address it connected to: `/ws?source=gate&preview=0&fps=5`. */
export interface ClientOptions {
  /** Ids of the sources it wants; empty for all. */
  readonly sources: ReadonlySet<string>;
  /** Whether it wants pictures. */
  readonly preview: boolean;
  /** Frame messages per second and source it wants at most. */
  readonly fps: number | undefined;
}

const MOST_FPS = 240;
const LEAST_FPS = 0.1;

/**
 * Reads a query string.
 * @returns a sentence that says what is wrong instead of options, short enough for a close frame (123 bytes).
 */
export function readClientOptions(query: URLSearchParams): ClientOptions | string {
  const sources = new Set<string>();
  let preview = true;
  let fps: number | undefined;
  for (const [key, value] of query) {
    switch (key) {
      case 'source':
        if (value === '') return 'source is empty; give the id of a source';
        sources.add(value);
        break;
      case 'preview':
        if (value !== '0' && value !== '1') return `preview should be 0 or 1 but is ${quote(value)}`;
        preview = value === '1';
        break;
      case 'fps':
        fps = Number(value);
        if (value.trim() === '' || !(fps >= LEAST_FPS && fps <= MOST_FPS))
          return `fps should be a number from ${LEAST_FPS} to ${MOST_FPS} but is ${quote(value)}`;
        break;
      default:
        return `there is no option ${quote(key)}; use source, preview or fps`;
    }
  }
  return { sources, preview, fps };
}

/** JSON escapes control characters; cut by characters that may take three bytes each. */
function quote(value: string): string {
  return JSON.stringify(value.length > 16 ? `${value.slice(0, 13)}...` : value);
}
