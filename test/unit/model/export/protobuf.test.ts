import { describe, expect, it } from 'vitest';
import { ProtobufWriter } from '../../../../src/model/export/protobuf.js';

function hex(writer: ProtobufWriter): string {
  return Buffer.from(writer.finish()).toString('hex');
}

// The first three are the examples of https://protobuf.dev/programming-guides/encoding.
describe('ProtobufWriter', () => {
  it.each([
    ['an integer of two bytes', new ProtobufWriter().integer(1, 150), '089601'],
    ['a string', new ProtobufWriter().string(2, 'testing'), '120774657374696e67'],
    ['a message', new ProtobufWriter().message(3, (inner) => inner.integer(1, 150)), '1a03089601'],
    ['zero', new ProtobufWriter().integer(1, 0), '0800'],
    ['the largest one-byte integer', new ProtobufWriter().integer(1, 127), '087f'],
    ['the smallest two-byte integer', new ProtobufWriter().integer(1, 128), '088001'],
    ['more than 32 bits', new ProtobufWriter().integer(1, 2 ** 40), '08808080808020'],
    ['minus one, in ten bytes', new ProtobufWriter().integer(1, -1), '08ffffffffffffffffff01'],
    ['a truth', new ProtobufWriter().boolean(5, true), '2801'],
    ['a field of two bytes', new ProtobufWriter().integer(20, 7), 'a00107'],
    ['a float', new ProtobufWriter().float(2, 0.5), '150000003f'],
    ['bytes', new ProtobufWriter().bytes(9, Uint8Array.of(1, 255)), '4a0201ff'],
    ['no bytes', new ProtobufWriter().bytes(9, new Uint8Array(0)), '4a00'],
    ['letters outside ASCII', new ProtobufWriter().string(1, 'é'), '0a02c3a9'],
    [
      'messages in messages',
      new ProtobufWriter().message(1, (a) => a.message(1, (b) => b.message(1, () => undefined))),
      '0a040a020a00',
    ],
  ])('writes %s', (_, writer, expected) => {
    expect(hex(writer)).toBe(expected);
  });

  it('counts the length of long messages', () => {
    const bytes = new ProtobufWriter()
      .message(1, (inner) => inner.bytes(2, new Uint8Array(300).fill(7)).integer(3, 1))
      .finish();
    expect(Buffer.from(bytes.subarray(0, 6)).toString('hex')).toBe('0ab10212ac02');
    expect(bytes.length).toBe(3 + 3 + 300 + 2);
  });
});
