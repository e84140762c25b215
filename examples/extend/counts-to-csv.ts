/** A sink that appends a line to a CSV file for everything that crosses a line: `{ type: counts-csv, path: counts.csv }`. */
import { appendFile, writeFile } from 'node:fs/promises';
import { type SinkKind, z } from 'sightline';

const options = z.strictObject({
  path: z.string().describe('The CSV file.'),
  classes: z
    .array(z.string())
    .optional()
    .describe('Names of the classes that are written; all if not given.'),
});

const countsCsv: SinkKind<typeof options> = {
  type: 'counts-csv',
  doc: 'Everything that crosses a line, as CSV.',
  options,
  files: ['path'], // outputs may not share a file, and {source} in it makes a sink for each source
  create: ({ path, classes }, { overwrite }) => ({
    name: 'counts-csv',
    policy: 'wait', // nothing may be lost; a sink for people would say `latest`
    pixels: false,
    prepare: () => writeFile(path, 'source,seconds,line,direction,class\n', { flag: overwrite ? 'w' : 'wx' }),
    open: ({ id }) =>
      Promise.resolve({
        async write({ events = [] }) {
          for (const event of events) {
            if (event.type !== 'line_cross' || classes?.includes(event.label) === false) continue;
            const { name, direction, label, ptsUs } = event;
            await appendFile(path, `${[id, ptsUs / 1e6, name, direction, label].join()}\n`);
          }
        },
        end: () => Promise.resolve(),
      }),
    close: () => Promise.resolve(),
  }),
};

/** What `modules: [./counts-to-csv.js]` adds to a run. */
export const sinkKinds = [countsCsv];
