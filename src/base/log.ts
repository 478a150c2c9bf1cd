import { pino, type Logger } from 'pino';

export type Log = Logger;

/** Structured JSON lines on stderr; a Secret in any field prints as `[secret]`. Levels: trace, debug, info, warn, error. Default info. */
export function createLog(level = 'info'): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
}

/** For tests and for commands that print for people. */
export const silentLog: Log = pino({ level: 'silent' });
