import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSightlineError } from '../../../../src/errors.js';
import { ProtobufWriter } from '../../../../src/model/export/protobuf.js';
import { classNamesIn } from '../../../../src/model/onnx/class-names.js';
import { describeValue, readOnnxFile } from '../../../../src/model/onnx/onnx-file.js';
import { pictureInputOf } from '../../../../src/model/onnx/onnx-input.js';
import { integersOf, readFields } from '../../../../src/model/onnx/protobuf-reader.js';
import { wrapOnnx } from '../../../../src/model/onnx/wrap-onnx.js';
import { tinyOnnx } from '../../../support/tiny-onnx.js';

const OUTPUT = { name: 'o', shape: [1, 2, 6], data: new Array<number>(12).fill(0) };

describe('protocol buffers', () => {
  it('are read as they were written, whatever stands in them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.maxSafeInteger(), fc.string())), (entries) => {
        const writer = new ProtobufWriter();
        for (const [field, integer, text] of entries)
          writer.integer(field + 1, integer).string(field + 2, text);
        const bytes = writer.finish();
        const fields = [...readFields(bytes)];
        expect(fields.map(({ field }) => field)).toEqual(
          entries.flatMap(([field]) => [field + 1, field + 2]),
        );
        expect(fields.filter((_, at) => at % 2 === 0).map(({ integer }) => integer)).toEqual(
          entries.map(([, integer]) => integer),
        );
        expect(Buffer.concat(fields.map(({ whole }) => whole)).equals(bytes)).toBe(true);
      }),
    );
  });

  it('hold lists packed or one by one', () => {
    const packed = new ProtobufWriter()
      .bytes(1, Uint8Array.of(3, 0x80, 0x01))
      .integer(1, 7)
      .finish();
    expect([...readFields(packed)].flatMap(integersOf)).toEqual([3, 128, 7]);
  });

  it.each([
    ['a number without its end', [0x08, 0x80]],
    ['a text that is longer than the file', [0x0a, 0x05, 0x41]],
    ['a group', [0x0b]],
    ['the field 0', [0x00, 0x01]],
  ])('are refused with %s', (_, bytes) => {
    expect(() => [...readFields(Uint8Array.from(bytes))]).toThrow(RangeError);
  });
});

describe('readOnnxFile', () => {
  it('tells the face of a file', () => {
    const bytes = tinyOnnx({ outputs: [OUTPUT], input: { shape: ['N', 3, 'H', 64] }, others: ['sizes'] });
    const file = readOnnxFile(bytes, 'tiny.onnx');
    expect(file.inputs.map(describeValue)).toEqual(['images: float32 [N, 3, H, 64]', 'sizes: int64 [1, 2]']);
    expect(file).toMatchObject({
      producer: 'by hand',
      opset: 17,
      outputs: [{ name: 'o', type: 'float32', shape: [1, 2, 6] }],
      parameters: 12,
      precision: 'float32',
      externalFiles: [],
    });
    expect([...file.operations]).toEqual([['Identity', 1]]);
  });

  it('names files that hold the weights', () => {
    const bytes = tinyOnnx({ outputs: [OUTPUT], external: 'tiny.onnx.data' });
    expect(readOnnxFile(bytes, 'tiny.onnx').externalFiles).toEqual(['tiny.onnx.data']);
  });

  it('has nothing but errors of ours for damaged files', async () => {
    const whole = tinyOnnx({ outputs: [OUTPUT] });
    const places = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(places, fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, Math.max(length, whole.length / 2));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const file = readOnnxFile(bytes, 'w');
          const input = pictureInputOf(file, 'w');
          wrapOnnx(bytes, input, { width: 64, height: 64, channels: 'bgr', scale: 1 }, ['o']);
        } catch (error) {
          if (!isSightlineError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
    const manifest = await readFile(join(import.meta.dirname, '../../../../models/street-b0/model.json'));
    expect(() => readOnnxFile(manifest, 'w')).toThrow(/^"w" is not an ONNX file: /);
  });
});

describe('class names in metadata', () => {
  it.each<[string, string[] | undefined]>([
    ["{0: 'person', 1: 'traffic light'}", ['person', 'traffic light']],
    [`{0: "driver's seat", 1: 'l\\'eau'}`, ["driver's seat", "l'eau"]],
    ["{1: 'person'}", undefined],
    ["{0: 'a', 1: 'a'}", undefined],
    ['["person"]', undefined],
  ])('%s', (text, expected) => {
    expect(classNamesIn(new Map([['names', text]]))).toEqual(expected);
  });

  it('may be missing', () => {
    expect(classNamesIn(new Map())).toBeUndefined();
  });
});
