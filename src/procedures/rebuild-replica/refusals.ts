import type { Parameters, Scene } from '../../domain/scene.js';
import { spell } from '../../domain/spell.js';
import type { Channel } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { given, viewOf } from '../view.js';
import { endsOf, roomRefusals } from './room.js';
import { subjectOf, type Subject } from './subject.js';

/** What forbids it, each with a remedy. */
export function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const subject = subjectOf(scene, parameters);
  const { name, primary, donor, donors, method, service, tls } = subject;
  const own = viewOf(scene).topology.links.filter(({ source }) => source === name);
  const facts = subject.server?.facts;
  return [
    ...(primary?.facts === undefined ? [refusal('no-primary', 'there is no primary that can be seen', 'Mend that first: docs/runbooks/NoPrimary.md.')] : []), // prettier-ignore
    ...(donor === undefined ? [noDonor(donors, given(parameters, 'from'))] : []),
    ...(method === undefined ? [refusal('no-method', noMethod(subject, facts?.identity.version ?? name), 'Build it by hand: docs/runbooks/SourceLogPurged.md.')] : []), // prettier-ignore
    ...((facts?.channels?.length ?? 0) > 1 ? [refusal('several-sources', `${name} replicates on several channels, and one copy cannot hold them all`, 'Build it by hand.')] : []), // prettier-ignore
    ...(facts?.channels ?? []).flatMap((channel) => onPurpose(name, channel)),
    ...(own.length > 0 ? [refusal('has-replicas', `${own.map(({ replica }) => replica).join(', ')} replicate from ${name}, whose binary log begins anew`, 'Let them follow another server first.')] : []), // prettier-ignore
    ...(facts?.state?.bootReadOnly === false ? [refusal('boots-writable', `${name} would start writable`, 'Write read_only into its configuration file first: docs/runbooks/BootsWritable.md.')] : []), // prettier-ignore
    ...(tls === undefined || scene.site.accounts.replication === undefined ? [refusal('no-replication-account', `the configuration does not say how ${name} is to log in at its source, over TLS`, 'Write accounts: { replication: … } and its replication TLS.')] : []), // prettier-ignore
    ...(service === undefined ? [refusal('no-service', `the configuration names no service that starts ${name}`, 'Name it among the `services` of its `hosts`, as mysql or mariadb.')] : []), // prettier-ignore
    ...programRefusals(subject),
    ...events(subject, eventsOf(scene, subject), eventsRun(scene, subject)),
    ...roomRefusals(scene, subject, given(parameters, 'accept-loss') === 'yes'),
  ];
}

function noDonor(donors: Subject['donors'], wanted: string): Refusal {
  const against = donors
    .filter(({ server }) => wanted === '' || server === wanted)
    .map(({ server, against: why }) => `${server}: ${why.join('; ')}`);
  return refusal('no-donor', `no server can be copied (${against.join('. ') || 'none is seen'})`, 'Mend one of them, or build it by hand.'); // prettier-ignore
}

function noMethod({ ways }: Subject, what: string): string {
  const why = ways.map(({ method, against }) => `${method}: ${against.join(', ') || 'not the one that was asked for'}`);
  return `nothing that Lockstep knows copies ${what}${why.length === 0 ? '' : ` (${why.join('; ')})`}`;
}

function programRefusals({ way, donor, name }: Subject): readonly Refusal[] {
  if (donor === undefined) return [];
  return (way?.missing ?? []).map(({ on, program }) =>
    refusal('no-program', `the \`hosts\` of ${on === 'target' ? name : donor.server} name no ${program}`, 'Add its absolute path to `programs` there.')); // prettier-ignore
}

/** What a copy of everything, that follows at once, would undo. */
function onPurpose(name: string, { filtered, delaySeconds }: Channel): readonly Refusal[] {
  return [
    ...(filtered === true ? [refusal('filtered', `${name} leaves out some of what its source has, by its own configuration, and would be given all of it`, 'Build it by hand, or take its filters away first.')] : []), // prettier-ignore
    ...(delaySeconds > 0 ? [refusal('delayed', `${name} stays ${spell(delaySeconds)} behind on purpose, and would follow at once`, 'Set its delay to 0 first, and set it again once it is built.')] : []), // prettier-ignore
  ];
}

/** A copy of the primary brings its events enabled, and what they wrote there would be errant. */
function events(
  { donor, primary, name, method }: Subject,
  enabled: number | undefined,
  run: boolean,
): readonly Refusal[] {
  // A dump brings them disabled.
  if (method === 'dump' || donor === undefined || donor.server !== primary?.name || enabled === 0 || !run) return [];
  return [refusal('events-enabled', `${donor.server} is the primary and has ${enabled === undefined ? 'events perhaps, which the operate account may not see' : count(enabled, 'enabled event')}: they would run on ${name} too`, 'Copy a replica (--from), whose events are disabled, or disable them on the primary for the time.')]; // prettier-ignore
}

/** How many the donor would hand on; undefined: it was looked at, and does not tell. */
function eventsOf(scene: Scene, subject: Subject): number | undefined {
  const ends = endsOf(scene, subject);
  return ends?.there.holds === undefined ? 0 : ends.there.holds.events;
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

/** Whether the target would start them; unknown is taken for yes. */
function eventsRun(scene: Scene, subject: Subject): boolean {
  return endsOf(scene, subject)?.here.holds?.settings['event_scheduler']?.toUpperCase() !== 'OFF';
}

function refusal(reason: string, why: string, remedy: string): Refusal {
  return { reason, why, remedy };
}
