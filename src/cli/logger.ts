import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../contract/logger.js';
import { oneLine } from '../text/printable.js';

/** How log lines look. */
export interface LoggerOptions {
  readonly format: 'json' | 'pretty';
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Takes whole lines, each with its line break. */
  readonly write: (line: string) => void;
}

/** Logs to wherever `write` leads; data never goes there. */
export function createLogger({ format, level, write }: LoggerOptions): Logger {
  const destination: DestinationStream = {
    write:
      format === 'json'
        ? write
        : (line) => {
            write(pretty(line));
          },
  };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** `warning: message (source car, frame 12)`; plain news has no prefix. */
function pretty(line: string): string {
  const { level, time: _time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const prefix = level === 'info' ? '' : `${level === 'warn' ? 'warning' : String(level)}: `;
  const extras = Object.entries(fields).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${oneLine(`${prefix}${String(msg)}${extras.length > 0 ? ` (${extras.join(', ')})` : ''}`)}\n`;
}
