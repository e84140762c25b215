import type { Writable } from 'node:stream';

/**
 * Gives a child what it is to read from its standard input. One that ends before it has read it, or was never started and has
 * no streams, says why itself.
 */
export function writeScript(stdin: Writable | null | undefined, script: string | undefined): void {
  if (stdin === null || stdin === undefined || script === undefined) return;
  stdin.on('error', () => undefined);
  stdin.end(script);
}
