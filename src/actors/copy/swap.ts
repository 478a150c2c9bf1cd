import { LockstepError } from '../../base/errors.js';
import type { SwapAction } from '../../domain/action.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import { mustHaveSystem } from './entries.js';
import { isInside, letIn } from './inside.js';
import { placesOf, stands, type DataNames, type Places } from './places.js';
import { answers, stopped, untilAnswers } from './stop.js';

/**
 * Lets a server run on the copy beside its data: shut down, directories exchanged, started again. Whoever comes after a
 * crash sees by the directories how far it got, and goes on from there.
 * @throws LockstepError `copy-missing`; those of hosts
 */
export async function swap(
  { on, service, place }: SwapAction,
  host: Host,
  target: Target,
  { data, temporary }: DataNames,
  signal: AbortSignal,
): Promise<void> {
  const places = placesOf(data, place);
  const there = (path: string) => stands(host, path, signal);
  const waits = await there(places.fresh);
  if (isInside(places) && waits) await mustHaveSystem(host, places, places.fresh, signal);
  if (waits || (isInside(places) && (await there(places.inside.coming)))) {
    await stopped({ on, service, host, target }, { data: places.data, temporary }, signal);
    if (isInside(places)) await letIn(host, places, () => keepOwn(host, places, signal), signal);
    else {
      if (await there(places.data)) await host.move(places.data, places.kept, { signal });
      await keepOwn(host, places, signal);
      await host.move(places.fresh, places.data, { signal });
    }
    await host.restart(service, { signal });
  } else {
    if (!(await there(places.kept)))
      throw new LockstepError('copy-missing', `${on} has no copy beside its data, in ${places.fresh}`, 'Run it again.');
    if (!(await answers(target, signal))) await host.restart(service, { signal });
  }
  await untilAnswers(target, signal);
}

/** The server's own, and no part of a copy: what SET PERSIST laid down, and the certificates that MySQL made for itself. */
const own = [
  'mysqld-auto.cnf',
  ...['ca', 'server-cert', 'client-cert', 'public_key'].map((name) => `${name}.pem`),
  ...['ca-key', 'server-key', 'client-key', 'private_key'].map((name) => `${name}.pem`),
];

async function keepOwn(host: Host, { kept, fresh }: Places, signal: AbortSignal): Promise<void> {
  for (const file of own) {
    const facts = await host.stat(`${kept}/${file}`, { signal });
    if (facts?.kind !== 'file') continue;
    const ownership = { owner: String(facts.uid), group: String(facts.gid) };
    // Keys among them: they do not leave their machine.
    await host.copy(`${kept}/${file}`, `${fresh}/${file}`, { signal, mode: facts.mode, ...ownership });
  }
}
