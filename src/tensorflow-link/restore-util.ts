import util from 'node:util';

/**
 * Gives `node:util` back two functions that tfjs-node 4.22 calls: `isNullOrUndefined` is gone from Node 23 on, and both
 * print a warning in Node 22.
 */
export function restoreUtil(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: (value: unknown) => Array.isArray(value),
  });
}
