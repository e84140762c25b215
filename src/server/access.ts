/**
 * Who may look. A camera's picture must not leak to any web page that happens to be open in the same browser:
 * WebSockets are not covered by the same-origin policy, so a foreign page could connect to this machine, and a page whose
 * name is made to resolve to 127.0.0.1 (DNS rebinding) would even count as the same origin.
 */

/** What access is judged by. */
export interface AccessRules {
  /** Whether the server listens on this machine only: then only its own names are accepted as `Host`. */
  readonly loopback: boolean;
  /** Origins of other pages that may connect, such as `https://wall.example.com`; their hosts are accepted too. */
  readonly allowedOrigins: readonly string[];
}

/** @returns why a request is refused, or undefined. */
export function refuseHost(
  host: string | undefined,
  { loopback, allowedOrigins }: AccessRules,
): string | undefined {
  if (!loopback) return undefined;
  const name = hostnameOf(`http://${host ?? ''}`);
  if (name !== undefined && isLoopback(name)) return undefined;
  if (allowedOrigins.some((origin) => hostOf(origin) === host?.toLowerCase())) return undefined;
  return 'this address is served to this machine only; use localhost';
}

/** @returns why a WebSocket is refused, or undefined. Programs send no origin and may connect. */
export function refuseOrigin(
  origin: string | undefined,
  host: string | undefined,
  { allowedOrigins }: AccessRules,
): string | undefined {
  if (origin === undefined || allowedOrigins.includes(origin)) return undefined;
  if (host !== undefined && hostOf(origin) === host.toLowerCase()) return undefined;
  return 'pages of other origins may not connect; see allowedOrigins';
}

/** Whether a host name or address means this machine itself. */
export function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    name === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(name) ||
    /^\[?::ffff:127\./.test(name)
  );
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
