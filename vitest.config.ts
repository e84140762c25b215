import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { sightline: fileURLToPath(new URL('./src/index.ts', import.meta.url)) };
// Test files that load onnxruntime themselves report nothing to its maker either.
const env = { ORT_DISABLE_TELEMETRY: '1' };
const built = { globalSetup: './test/support/build.ts', env };

// Five kinds of tests, the first four from what a change is tried with every minute to what it has to pass in the end:
// - `unit` starts no process, reads what is in the repository, and stays under ten seconds. Its files share a process and its
//   modules, so they leave nothing changed behind.
// - `oracle` has the long sweeps: hours of analytics, and comparisons with the tracking data beside the checkout.
// - `integration` runs real ffmpeg, real inference processes and real servers on loopback.
// - `e2e` runs the built command line and a real Chromium.
// - `gpu` needs a graphics card and runs when it is asked for.
const shared = { pool: 'threads', isolate: false } as const;

export default defineConfig({
  test: {
    reporters: ['default', './test/support/plain-reporter.ts'],
    projects: [
      {
        resolve: { alias },
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, ...shared },
      },
      {
        resolve: { alias },
        test: { name: 'oracle', include: ['test/oracle/**/*.test.ts'], testTimeout: 60_000, ...shared },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...built,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'gpu',
          include: ['test/gpu/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Tests that measure the memory of a card want it for themselves.
          fileParallelism: false,
          ...built,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          ...built,
        },
      },
    ],
  },
});
