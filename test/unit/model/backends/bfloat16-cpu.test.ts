import { describe, expect, it } from 'vitest';
import { bfloat16Problem } from '../../../../src/model/backends/bfloat16-cpu.js';

const cpuinfo = (line: string): string => `processor\t: 0\nmodel name\t: any\n${line}\nbogomips\t: 1\n`;

describe('bfloat16Problem', () => {
  it.each([
    ['x64', cpuinfo('flags\t\t: fpu avx512f avx512_bf16 clzero')],
    ['x64', cpuinfo('flags\t\t: amx_tile amx_bf16')],
    ['arm64', cpuinfo('Features\t: fp asimd bf16 i8mm')],
  ])('finds no fault with %s that has the instructions', (arch, text) => {
    expect(bfloat16Problem(arch, text)).toBeUndefined();
  });

  it.each([
    // Names that merely contain another name are other instructions.
    ['x64', cpuinfo('flags\t\t: fpu avx512f xavx512_bf16 bf16'), /avx512_bf16 or amx_bf16/],
    ['arm64', cpuinfo('Features\t: fp asimd svebf16'), /no instructions for bfloat16 \(bf16\)/],
    ['x64', '', /no instructions/],
    ['riscv64', cpuinfo('isa\t: rv64'), /no bfloat16 on riscv64/],
  ])('says what %s lacks', (arch, text, problem) => {
    expect(bfloat16Problem(arch, text)).toMatch(problem);
  });
});
