import type { Logger } from './stages.js';

/** A logger that drops everything, for callers that bring none. */
export const SILENT_LOGGER: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // Nobody listens.
}
