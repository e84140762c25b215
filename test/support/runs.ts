/** Runs made of the parts in pipeline-parts.ts. */
import { expect } from 'vitest';
import type { FrameLedger } from '../../src/contract/run.js';
import { assemblePipeline, type Pipeline, type PipelineParts } from '../../src/pipeline/pipeline.js';
import { echoTracker, listeningLogger, scriptedDetector } from './pipeline-parts.js';

/** A pipeline with a detector that finds nothing, unless `parts` say otherwise. */
export function assemble(parts: Partial<PipelineParts>): Pipeline {
  return assemblePipeline({
    detector: scriptedDetector(2),
    sources: [],
    sinks: [],
    ownSinks: new Map(),
    createTracker: echoTracker,
    framesInFlight: 4,
    concurrency: 4,
    logger: listeningLogger(),
    ...parts,
  });
}

/** Every decoded frame went to one place, and none is on its way. */
export function expectBalanced(frames: FrameLedger): void {
  const dropped = Object.values(frames.dropped).reduce((sum, count) => sum + count, 0);
  expect(frames.inFlight).toBe(0);
  expect(frames.decoded).toBe(frames.emitted + frames.failed + dropped);
}

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
