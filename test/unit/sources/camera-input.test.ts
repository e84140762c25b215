import { describe, expect, it } from 'vitest';
import { cameraInput } from '../../../src/sources/camera/camera-input.js';
import { cameraOptions, type CameraOptionsInput } from '../../../src/sources/camera/options.js';

function argumentsFor(options: CameraOptionsInput, major: number | undefined = 5): string {
  return cameraInput(cameraOptions.parse(options), { major }).options!.join(' ');
}

describe('what ffmpeg is given for a camera', () => {
  const prompt = '-fflags nobuffer -flags low_delay -fpsprobesize 0';

  it.each<[string, CameraOptionsInput, number | undefined, string]>([
    ['rtsp', { url: 'rtsp://h/a' }, 5, '-rtsp_transport tcp -timeout 10000000'],
    ['rtsp of 4.4', { url: 'rtsp://h/a' }, 4, '-rtsp_transport tcp -stimeout 10000000'],
    ['rtsp of 8', { url: 'rtsp://h/a' }, 8, '-rtsp_transport tcp -timeout 10000000'],
    [
      'rtsp of a build without a number',
      { url: 'rtsp://h/a' },
      undefined,
      '-rtsp_transport tcp -timeout 10000000',
    ],
    ['rtsp by udp', { url: 'rtsp://h/a', transport: 'udp' }, 5, '-rtsp_transport udp -timeout 10000000'],
    ['http', { url: 'http://h/a', connectTimeout: 2, stallTimeout: 2 }, 5, '-rw_timeout 4000000'],
    ['https', { url: 'https://h/a', connectTimeout: 20 }, 5, '-rw_timeout 20000000'],
    ['rtmp', { url: 'rtmp://h/a' }, 5, '-rw_timeout 10000000'],
    ['udp', { url: 'udp://239.0.0.1:5000' }, 5, '-timeout 10000000'],
  ])('%s', (_what, options, major, expected) => {
    expect(argumentsFor(options, major)).toMatch(
      new RegExp(`^-protocol_whitelist [a-z,]+ ${prompt} ${expected}$`),
    );
  });

  it.each([
    ['rtsp://h/a', 'rtsp,rtp,tcp,udp,srtp,crypto'],
    ['rtsps://h/a', 'rtsps,rtp,tcp,tls,udp,srtp,crypto'],
    ['http://h/a', 'http,https,tcp,tls,crypto'],
    ['srt://h:9000', 'srt,udp'],
    ['udp://h:9000', 'udp'],
  ])('%s may open these protocols and no file', (url, protocols) => {
    expect(argumentsFor({ url })).toContain(`-protocol_whitelist ${protocols} `);
  });

  it.each<[string, string]>([
    ['rtsp://user:pass@host/a', 'rtsp://***@host/a'],
    ['rtsp://u:p%40ss@[::1]:8554/a%20b?c=1#d', 'rtsp://***@[::1]:8554/a%20b?c=1#d'],
    ["rtsp://u:it's@h/a", 'rtsp://***@h/a'],
    ['http://h/mjpeg?token=abc&x=1', 'http://h/mjpeg?token=***&x=1'],
  ])('%s stands on no command line', (url, name) => {
    const input = cameraInput(cameraOptions.parse({ url }), { major: 5 });
    expect([input.url, input.name]).toEqual(['pipe:0', name]);
    expect(input.options!.join(' ')).toMatch(
      /^-protocol_whitelist [a-z,]+,pipe -fflags nobuffer -flags low_delay -f concat -safe 0$/,
    );
    const [version, file, ...options] = input.script!.trim().split('\n');
    expect(version).toBe('ffconcat version 1.0');
    expect(file).toBe(`file '${url.replaceAll("'", "'\\''")}'`);
    expect(options[0]).toBe('option fpsprobesize 0');
    expect(options.slice(1).every((line) => /^option [a-z_]+ [a-z0-9]+$/.test(line))).toBe(true);
    // Before 5.0 such a list holds no options.
    expect(cameraInput(cameraOptions.parse({ url }), { major: 4 })).toMatchObject({ url, name });
  });

  it.each<[string, string, string]>([
    ['RTSP://host/a', 'rtsp://host/a', 'RTSP://host/a'],
    ['rtsp://[::1]:8554/a%20b?c=1#d', 'rtsp://[::1]:8554/a%20b?c=1#d', 'rtsp://[::1]:8554/a%20b?c=1#d'],
    ['http://h/a\u0007b', 'http://h/a\u0007b', 'http://h/a\\u0007b'],
  ])('%s is given as it is, and named in one line', (url, given, name) => {
    const input = cameraInput(cameraOptions.parse({ url }), { major: 5 });
    expect([input.url, input.name, input.script]).toEqual([given, name, undefined]);
  });

  it.each([
    'street.mp4',
    '/dev/video0',
    'file:///a.mp4',
    'concat:a|b',
    'ftp://h/a',
    '-i',
    'rtsp:/h',
    'C:\\a.mp4',
    'data:x',
  ])('refuses %s', (url) => {
    expect(() => cameraInput(cameraOptions.parse({ url }), { major: 5 })).toThrow(
      /is no address of a camera/,
    );
  });

  it('refuses a line break in an address', () => {
    expect(() => argumentsFor({ url: 'rtsp://u:p@h/a\nfile /etc/passwd' })).toThrow(/is not a URL$/);
  });

  it('does not repeat an address that is no URL, as its password may stand anywhere in it', () => {
    expect(() => argumentsFor({ url: 'rtsp://user:s3cret@h:port/' })).toThrow(/^(?!.*s3cret).*is not a URL$/);
  });
});
