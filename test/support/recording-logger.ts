import type { Logger } from '../../src/contract/logger.js';

/** A logger that keeps warnings. */
export function warningsTo(warnings: string[]): Logger {
  const nothing = (): void => undefined;
  return {
    debug: nothing,
    info: nothing,
    warn: (_fields, message) => warnings.push(message),
    error: nothing,
  };
}
