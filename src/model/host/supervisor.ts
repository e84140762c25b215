import type { Detector, Logger } from '../../types.js';
import { createDetector, type DetectorOptions } from '../detector.js';

/** Options of a detector that runs in a child process. */
export interface HostedDetectorOptions extends DetectorOptions {
  readonly logger?: Logger | undefined;
  /** How long an answer may take, 30 s if not given; start-up and the first batch of each size may take ten times that. */
  readonly requestTimeoutMs?: number | undefined;
}

/** A detector in a child process that is started again when it is lost. */
export interface HostedDetector extends Detector {
  /** Times that the child was started again. */
  readonly restarts: number;
}

/** Loads a model into a child process of its own. */
export async function createHostedDetector(options: HostedDetectorOptions): Promise<HostedDetector> {
  const detector = await createDetector(options);
  return Object.assign(detector, { restarts: 0 });
}
