/** One raw output of the network for a batch: three anchors of (tx, ty, tw, th, objectness, classes…) per cell, no sigmoid. */
export interface HeadTensor {
  /** `count × height × width × channels` values in the order that `layout` names. */
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly layout: 'nchw' | 'nhwc';
}

/** What a backend turned out to be. */
export interface BackendInfo {
  readonly backend: string;
  readonly device: string;
  readonly precision: string;
  readonly version: string;
}

/** A loaded network on one device. One call at a time. */
export interface Backend {
  readonly info: BackendInfo;
  /**
   * Runs a batch.
   * @param pixels uint8 NHWC RGB at network size, `count` pictures; only read during the call.
   * @returns the heads p5, p4, p3 (coarse to fine); their memory may be reused by the next call.
   */
  run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]>;
  close(): Promise<void>;
}
