import { describe, expect, it } from 'vitest';
import { oneLine, printable } from '../../../src/text/printable.js';
import { columnTable } from '../../../src/text/table.js';

describe('text for a terminal', () => {
  it.each([
    // [text, in one line, as a text of its own]
    ['a\nb\tc', 'a\\nb\\tc', 'a\nb\tc'],
    ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007', '\\u001b[31mred\\u0007'],
    ['\r\u0000\u007f', '\\r\\u0000\\u007f', '\\r\\u0000\\u007f'],
    ['C1 \u009b2J \u0085', 'C1 \\u009b2J \\u0085', 'C1 \\u009b2J \\u0085'],
    ['\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066', '\\u202egpj.exe\\u2066'],
    ['\u2028\u200f\ufeff', '\\u2028\\u200f\\ufeff', '\\u2028\\u200f\\ufeff'],
    ['é 影 👩‍🚒 سيارة', 'é 影 👩‍🚒 سيارة', 'é 影 👩‍🚒 سيارة'],
  ])('%j', (text, line, own) => {
    expect(oneLine(text)).toBe(line);
    expect(printable(text)).toBe(own);
  });

  it('leaves JSON the same JSON', () => {
    const value = { name: 'a\u001b\u009b\u202e"\\\n' };
    const text = printable(JSON.stringify(value, null, 2));
    for (const sign of ['\u001b', '\u009b', '\u202e']) expect(text).not.toContain(sign);
    expect(JSON.parse(text)).toEqual(value);
  });

  it('aligns tables by what is printed', () => {
    const table = columnTable(
      [
        { title: 'class', cell: ({ name }: { name: string }) => name },
        { title: 'AP', cell: () => '1' },
      ],
      [{ name: 'a\u001bb' }, { name: 'car' }],
    );
    expect(table.split('\n')).toEqual(['class     AP', 'a\\u001bb  1', 'car       1']);
  });
});
