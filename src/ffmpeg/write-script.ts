import type { Writable } from 'node:stream';

/** Gives a child what it is to read from its standard input; one that ends before it has read it says why itself. */
export function writeScript(stdin: Writable | null, script: string | undefined): void {
  if (stdin === null || script === undefined) return;
  stdin.on('error', () => undefined);
  stdin.end(script);
}
