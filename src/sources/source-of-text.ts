/** What a source that is only a text means. */
export type WrittenSource =
  { readonly type: 'file'; readonly path: string } | { readonly type: 'camera'; readonly url: string };

/** Addresses that nothing but cameras have. Behind http(s):// may be a file: it is one unless `type: camera` says more. */
const CAMERA = /^(?:rtsps?|rtmps?|srt|udp):\/\//i;

/** The options of a source that was written as a path or an address. */
export function sourceOfText(text: string): WrittenSource {
  return CAMERA.test(text) ? { type: 'camera', url: text } : { type: 'file', path: text };
}
