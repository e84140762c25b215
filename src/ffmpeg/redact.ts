const SECRET_PARAMETER = /([?&][^=&#\s'"]*(?:token|key|secret|sig|pass|auth|cred)[^=&#\s'"]*=)[^&#\s'"]*/gi;

/**
 * Takes credentials out of every URL in a text: user names with passwords, and query parameters that are named like
 * secrets. All that goes into errors, logs and records passes through here.
 */
export function redact(text: string): string {
  return (
    text
      // With quotes in it, as a password may have some. Up to the last @ before the path: that is where ffmpeg takes the host to begin.
      .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1***@')
      .replaceAll(SECRET_PARAMETER, '$1***')
  );
}
