import type { CopyAction, DataPlace, DiscardAction, LoadAction, PutBackAction, SwapAction } from '../domain/action.js';

/** A copy of files, by what copies them. */
export function copyLines(action: CopyAction): readonly string[] {
  const { from, on, method, programs, user, address, noteAs } = action;
  if (method === 'dump') return freshLines(action);
  const into = placed(action.data.on, action.place, 'new');
  return [
    method === 'clone'
      ? `${on}: CLONE INSTANCE FROM ${user} at ${from} (${address.host}:${address.port}), over TLS alone, into ${into} -- gives <${noteAs}>`
      : `${from}: ${programs.backup ?? ''} --backup --stream=xbstream, into ${on}: ${programs.stream ?? ''} -x -C ${into}, through the connections to both hosts; then ${programs.prepare ?? ''} --prepare -- gives <${noteAs}>`,
  ];
}

export function swapLines({ on, service, data, temporary, place }: SwapAction): readonly string[] {
  const [at, fresh, kept] = [dataOf(data, place), placed(data, place, 'new'), placed(data, place, 'kept')];
  return [
    ended(on, temporary),
    place?.system === undefined
      ? `${on}: rename ${at} to ${kept}, and ${fresh} to ${at}`
      : `${on}: rename each entry of ${at} into ${kept}, and then each of ${fresh} into ${at}; meanwhile ${place.system}, and aria_log_control where there is one, are a few words, with which no server starts`,
    restarted(on, service),
  ];
}

export function putBackLines({ on, service, data, temporary, place }: PutBackAction): readonly string[] {
  const [at, kept] = [dataOf(data, place), placed(data, place, 'kept')];
  return [
    ended(on, temporary),
    place?.system === undefined
      ? `${on}: rename ${kept} to ${at}, and remove what it ran on meanwhile`
      : `${on}: rename each entry of ${kept} back into ${at}, and remove what it ran on meanwhile`,
    restarted(on, service),
  ];
}

export function discardLines({ on, data, place }: DiscardAction): readonly string[] {
  return [`${on}: remove ${placed(data, place, 'kept')}`];
}

/** How an empty server is laid out. */
function freshLines({ from, on, programs, accounts = [], data, place, noteAs }: CopyAction): readonly string[] {
  const { install, server = '' } = programs;
  const into = `--datadir=${placed(data.on, place, 'new')}`;
  return [
    `${from}: read every definition and the accounts ${accounts.join(', ')}`,
    `${on}: ${install ?? `${server} --initialize-insecure`} ${into}`,
    `${on}: ${server} ${into}, once, reached by nobody, which makes these accounts and the one that fills it, and ends -- gives <${noteAs}>`,
  ];
}

export function loadLines({ from, on, stops, streams, restAbove, redo, noteAs }: LoadAction): readonly string[] {
  return [
    `${on}: must be the empty server that was laid out; what an earlier try left in it stays where its checksums show, under the moment of this try, that it is equal, and is dropped or deleted otherwise`,
    ...(redo === undefined ? [] : [`${on}: ${redo.off};`]),
    `${from}: ${stops}, held for less than 1.5 s (as a rule some milliseconds), in which ${streams} sessions begin to see that moment, its GTID position is read, and tables that are not transactional are locked against writes`,
    `${from} to ${on}: every table, ${streams} at once and those that are locked first, through Lockstep over TLS, resting while ${from} is more than ${restAbove} s behind or busy; then time zones and servers of schema mysql, routines, views, triggers, events (none enabled) and accounts`,
    ...(redo === undefined ? [] : [`${on}: ${redo.on};`]),
    `${on}: begin its binary log anew, there -- gives <${noteAs}>, <cost>`,
  ];
}

function dataOf(note: string, place: DataPlace | undefined): string {
  return place?.data ?? `<${note}>`;
}

/** As actors/copy/places.ts names them. */
function placed(note: string, place: DataPlace | undefined, name: string): string {
  const data = dataOf(note, place);
  return place?.system === undefined ? `${data}.lockstep-${name}` : `${data}/.lockstep/${name}`;
}

function ended(on: string, temporary: string): string {
  return `${on}: SHUTDOWN; -- until <${temporary}> is gone, which it removes last of all`;
}

function restarted(on: string, service: string): string {
  return `${on}: restart the service ${service}, and wait until it answers`;
}
