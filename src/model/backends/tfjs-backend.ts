import type { Tensor4D } from '@tensorflow/tfjs-core';
import { messageOf, SightlineError } from '../../errors.js';
import { emitTfjs, type Tfjs, type TfjsNetwork } from '../export/tfjs.js';
import type { Network } from '../graph/fold-batch-norm.js';
import type { Backend, BackendInfo, HeadTensor } from './backend.js';

/** A network on what TensorFlow.js runs on, be it tfjs-core or tfjs-node. */
export class TfjsBackend implements Backend {
  readonly info: BackendInfo;
  readonly #network: TfjsNetwork;
  readonly #pictureBytes: number;
  readonly #size: string;
  readonly #release: () => Promise<void>;

  /**
   * Uploads the weights.
   * @param release frees what the network ran on, once it is closed.
   */
  constructor(tf: Tfjs, network: Network, info: BackendInfo, release = () => Promise.resolve()) {
    const { width = 0, height = 0 } = network.graph.nodes[0]?.shape ?? {};
    this.info = info;
    this.#pictureBytes = width * height * 3;
    this.#size = `${width}x${height}`;
    this.#network = emitTfjs(tf, network);
    this.#release = release;
  }

  async run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    const bytes = count * this.#pictureBytes;
    if (!Number.isSafeInteger(count) || count < 1 || pixels.length !== bytes) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `a batch of ${count} pictures of ${this.#size} has ${bytes} bytes, got ${pixels.length}`,
      );
    }
    let heads: Tensor4D[] = [];
    try {
      heads = this.#network.run(pixels, count);
      return await Promise.all(heads.map(read));
    } catch (cause) {
      const { backend, device } = this.info;
      const why = messageOf(cause).replace(/\s+/g, ' ').slice(0, 300);
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `${backend} on "${device}" failed on a batch of ${count}: ${why}`,
        { cause },
      );
    } finally {
      for (const head of heads) head.dispose();
    }
  }

  async close(): Promise<void> {
    this.#network.dispose();
    await this.#release();
  }
}

async function read(head: Tensor4D): Promise<HeadTensor> {
  const [, height, width, channels] = head.shape;
  return { data: await head.data<'float32'>(), height, width, channels, layout: 'nhwc' };
}
