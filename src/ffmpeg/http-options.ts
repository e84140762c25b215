/** What ffmpeg is told of a file behind http(s): a server that says nothing for so many microseconds is given up. */
export const HTTP_FILE_OPTIONS = ['-rw_timeout', '15000000'] as const;
