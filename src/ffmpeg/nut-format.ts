/**
 * The constants and number formats of the NUT container, shared by its reader and its writer.
 *
 * NUT is what travels between us and ffmpeg: raw pictures with exact timestamps in their own time base, on one pipe.
 * Source of every constant here: the NUT specification, https://ffmpeg.org/~michael/nut.txt
 */

/** The first 25 bytes of every file: `nut/multimedia container` and a zero byte. */
export const NUT_FILE_ID: Uint8Array = Uint8Array.from('nut/multimedia container\0', (character) =>
  character.charCodeAt(0),
);

/** Start codes of the packets, as the two big-endian 32-bit halves of 64 bits. All begin with the letter N. */
export const NUT_START = {
  main: [0x4e4d7a56, 0x1f5f04ad],
  stream: [0x4e531140, 0x5bf2f9db],
  syncpoint: [0x4e4be4ad, 0xeeca4569],
  index: [0x4e58dd67, 0x2f23e64e],
  info: [0x4e49ab68, 0xb596ba78],
} as const satisfies Record<string, readonly [number, number]>;

/** Every start code begins with this byte, so it can never be the code of a frame. */
export const NUT_START_BYTE = 0x4e;

/** Bits of a frame's flags. */
export const NUT_FLAG = {
  key: 1,
  endOfRelevance: 2,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

/** Stream class of video in a stream header. */
export const NUT_CLASS_VIDEO = 0;

/** Packets with more bytes than this after `forward_ptr` carry a checksum of their header too. */
export const NUT_HEADER_CHECKSUM_ABOVE = 4096;

/** Bytes that `writeVarint` needs for `value`. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) length++;
  return length;
}

/**
 * Writes a `v` of the specification: groups of seven bits, most significant first, the top bit set on all but the last.
 * @param value a safe integer from 0.
 * @returns the offset after the last byte written.
 */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  const end = offset + varintLength(value);
  let rest = value;
  for (let at = end - 1; at >= offset; at--) {
    // Not bit operations: timestamps pass 32 bits.
    target[at] = (rest % 128) + (at === end - 1 ? 0 : 128);
    rest = Math.floor(rest / 128);
  }
  return end;
}

/** Maps a signed number to the `v` that stands for it (`s` of the specification): 0, 1, −1, 2, −2 … → 0, 1, 2, 3, 4 … */
export function toUnsigned(value: number): number {
  return value > 0 ? 2 * value - 1 : 2 * Math.abs(value);
}

/** The inverse of `toUnsigned`. */
export function toSigned(value: number): number {
  return value % 2 === 1 ? (value + 1) / 2 : 0 - value / 2;
}

/**
 * The checksum of NUT: CRC-32 with polynomial 0x04C11DB7, most significant bit first, starting at 0 and not inverted.
 * @returns an unsigned 32-bit number, written big-endian.
 */
export function nutChecksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte]!;
  return crc >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});
