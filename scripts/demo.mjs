/** The README's first command: runs the main job on a bundled clip. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}/demo-output`, { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [
    'dist/cli/main.js',
    'track',
    'examples/clips/car-detection.mp4',
    '--video',
    'demo-output/cars.mp4',
    '--jsonl',
    'demo-output/cars.jsonl',
    '--overwrite',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
