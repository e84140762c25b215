/**
 * Who may look. A camera's picture must not leak to any web page that happens to be open in the same browser:
 * WebSockets are not covered by the same-origin policy, so a foreign page could connect to this machine, and a page whose
 * name is made to resolve to 127.0.0.1 (DNS rebinding) would even count as the same origin.
 */
import { isIP } from 'node:net';

/** What access is judged by. */
export interface AccessRules {
  /** Whether the server listens on this machine only: then only its own names are accepted as `Host`. */
  readonly loopback: boolean;
  /**
   * Origins of other pages that may connect, such as `https://wall.example.com`. Their hosts are accepted as `Host` too,
   * and if there are any, then no other names are, wherever the server listens. Addresses made of numbers cannot be
   * rebound and are always accepted by a server that is open to the network.
   */
  readonly allowedOrigins: readonly string[];
}

/** @returns why a request is refused, or undefined. */
export function refuseHost(
  host: string | undefined,
  { loopback, allowedOrigins }: AccessRules,
): string | undefined {
  if (!loopback && allowedOrigins.length === 0) return undefined;
  const name = hostnameOf(`http://${host ?? ''}`);
  if (name !== undefined && (isLoopback(name) || (!loopback && isAddress(name)))) return undefined;
  if (allowedOrigins.some((origin) => hostOf(origin) === host?.toLowerCase())) return undefined;
  return loopback
    ? 'this address is served to this machine only; use localhost'
    : 'this name is not served; --allow-origin, or allowedOrigins of the server, adds it';
}

/** @returns why a WebSocket is refused, or undefined. Programs send no origin and may connect. */
export function refuseOrigin(
  origin: string | undefined,
  host: string | undefined,
  { allowedOrigins }: AccessRules,
): string | undefined {
  if (origin === undefined || allowedOrigins.includes(origin)) return undefined;
  if (host !== undefined && hostOf(origin) === host.toLowerCase()) return undefined;
  return 'pages of other origins may not connect; --allow-origin, or allowedOrigins of the server, lets one in';
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

function isAddress(hostname: string): boolean {
  return isIP(hostname.replaceAll(/[[\]]/g, '')) !== 0;
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
