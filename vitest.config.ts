import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { sightline: fileURLToPath(new URL('./src/index.ts', import.meta.url)) };
// Test files that load onnxruntime themselves report nothing to its maker either.
const env = { ORT_DISABLE_TELEMETRY: '1' };
const built = { globalSetup: './test/support/build.ts', env };

// `unit` starts no process and stays under ten seconds; `integration` runs real ffmpeg and real servers on loopback;
// `e2e` runs the built command line and a real Chromium.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/plain-reporter.ts'],
    projects: [
      { resolve: { alias }, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
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
