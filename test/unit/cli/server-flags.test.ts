import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/cli/shared-flags.js';

const file = { server: { port: 80, host: '0.0.0.0', allowedOrigins: ['https://a.example'] } };

describe('where the live page is, of flags and file', () => {
  it.each([
    // [flags, file, server of the options]
    [{}, {}, undefined],
    [{}, file, file.server],
    // An address of the command line is not open to the network because one in a file was.
    [{ serve: { port: 8080 } }, file, { port: 8080, allowedOrigins: ['https://a.example'] }],
    [{ allowOrigin: ['https://b.example'] }, file, { ...file.server, allowedOrigins: ['https://b.example'] }],
    [
      { serve: { port: 1 }, allowOrigin: ['https://b.example'] },
      {},
      { port: 1, allowedOrigins: ['https://b.example'] },
    ],
  ])('%j and %j', (flags, options, server) => {
    expect(outcomeOf(flags, options).server).toEqual(server);
  });

  it('asks for a page to which others may connect', () => {
    expect(() => outcomeOf({ allowOrigin: ['https://b.example'] }, {})).toThrow('give --serve as well');
  });
});
