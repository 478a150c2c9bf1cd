import type { CopyAction, LoadAction } from '../domain/action.js';

/** How an empty server is laid out. */
export function freshLines({ from, on, programs, accounts = [], data, noteAs }: CopyAction): readonly string[] {
  const { install, server = '' } = programs;
  const place = `--datadir=<${data.on}>.lockstep-new`;
  return [
    `${from}: read every definition and the accounts ${accounts.join(', ')}`,
    `${on}: ${install ?? `${server} --initialize-insecure`} ${place}`,
    `${on}: ${server} ${place}, once, reached by nobody, which makes these accounts and the one that fills it, and ends -- gives <${noteAs}>`,
  ];
}

export function loadLines({ from, on, stops, streams, restAbove, noteAs }: LoadAction): readonly string[] {
  return [
    `${on}: must be the empty server that was laid out; what an earlier try left in it stays where its checksums show, under the moment of this try, that it is equal, and is dropped or deleted otherwise`,
    `${from}: ${stops}, held for less than 1.5 s (as a rule some milliseconds), in which ${streams} sessions begin to see that moment, its GTID position is read, and tables that are not transactional are locked against writes`,
    `${from} to ${on}: every table, ${streams} at once and those that are locked first, through Lockstep over TLS, resting while ${from} is more than ${restAbove} s behind or busy; then routines, views, triggers, events (none enabled) and accounts`,
    `${on}: begin its binary log anew, there -- gives <${noteAs}>, <cost>`,
  ];
}
