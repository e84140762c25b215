/**
 * The only way of the command line to its standard output and error, by which nothing comes that a terminal would take for
 * orders: what cannot be printed is written as an escape. Both may be closed, full or read by someone who goes
 * away: that ends no run. Results that could not be written make the exit code 1, unless their reader had seen enough.
 */
import { messageOf } from '../errors.js';
import { printable } from '../text/printable.js';
import { EXIT } from './exit-codes.js';

/** Keeps errors of both streams from ending the process. Call once, first. */
export function guardTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignore);
}

/** Whether results did not get where they should. */
let lost = false;

/** Writes a result to the standard output, with a line break. A reader that has seen enough, such as `head`, is no error. */
export function print(text: string): void {
  printRaw(printable(text));
}

/** The same of data that are not JSON, such as comma-separated values: only where no terminal reads them, they are as they are. */
export function printData(text: string): void {
  printRaw(process.stdout.isTTY ? printable(text) : text);
}

function printRaw(text: string): void {
  write(process.stdout, `${text}\n`, (error) => {
    if (lost || (error as NodeJS.ErrnoException).code === 'EPIPE') return;
    lost = true;
    say(`error: the standard output cannot be written: ${messageOf(error)}\n`);
    process.once('exit', (code) => {
      if (code === EXIT.done) process.exitCode = EXIT.runtime;
    });
  });
}

/** Writes news, logs and errors to the standard error. If nobody can read them, so be it. */
export function say(text: string): void {
  write(process.stderr, printable(text), ignore);
}

/** Takes away the line that the cursor is in. */
export function clearLine(): void {
  write(process.stderr, '\r\u001b[K', ignore);
}

function write(stream: NodeJS.WriteStream, text: string, onError: (error: unknown) => void): void {
  try {
    stream.write(text, (error) => {
      if (error !== null && error !== undefined) onError(error);
    });
  } catch (error) {
    onError(error);
  }
}

function ignore(): void {
  // See above.
}
