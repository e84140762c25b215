/** Takes a stream of bytes where it wants them. Errors thrown by its methods are final. */
export interface ByteTarget {
  /** Memory for the next bytes, at least one. Asked for anew before each read. */
  room(): Uint8Array;
  /** `count` bytes were put at the front of what `room()` gave. @returns false to get no more for now. */
  filled(count: number): boolean;
}
