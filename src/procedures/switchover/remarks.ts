import { isNewerSeries } from '../../domain/series.js';
import { spell } from '../../domain/spell.js';
import { restartChangesOf } from './next-start.js';
import { futureLinks, longNow, longSeconds, type Subject } from './subject.js';

/** Why a person has to say yes, whatever the policy says; each one clause. */
export function asksOf(subject: Subject): readonly string[] {
  const { old, to, longRunning } = subject;
  const count = longNow(subject) ?? 0;
  const partial = futureLinks(subject).filter(({ rehearsal }) => rehearsal === 'partial');
  const events = old.facts.activity?.enabledEvents ?? 0;
  return [
    ...(longRunning === 'ask' && count > 0
      ? [`${changes(count)} ${old.name} for ${longSeconds} s or longer would be ended, and rolled back`]
      : []),
    ...(partial.length === 0
      ? []
      : [
          `the rehearsal is partial: nobody has logged in to ${to.name} with the certificate and key of ${partial.map(({ replica }) => replica.name).join(' and ')}`,
        ]),
    ...(isNewerSeries(to.facts.identity, old.facts.identity)
      ? [
          `${old.name} (${old.facts.identity.version}) would follow ${to.name} (${to.facts.identity.version}), which is newer: vendors do not promise that this works`,
        ]
      : []),
    ...(events === 0 ? [] : [`${events} event${events === 1 ? '' : 's'} of ${old.name} would not run on ${to.name} until somebody enables ${events === 1 ? 'it' : 'them'} there`]), // prettier-ignore
  ];
}

export function remarksOf(subject: Subject): readonly string[] {
  const { old, to, others, sessions, site, longRunning } = subject;
  const perhaps = restartChangesOf(subject)?.perhaps ?? [];
  const unasked = subject.nextStart?.failure;
  const heartbeat = old.facts.semiSync?.source;
  return [
    `Writes stand still from the freeze until ${to.name} is open: at most 4 round trips to the servers and one write to the journal; what takes longer ends the freeze, and changes nothing.`,
    'Transactions that are open then fail at their next write or COMMIT, and are rolled back.',
    ...(sessions === 'end'
      ? [`All sessions on ${old.name} but Lockstep’s and those of replicas are ended, readers, people and backups too.`]
      : [`Sessions on ${old.name} stay, and can only read there.`]),
    ...(longRunning === 'wait' ? [`It waits at most 10 minutes for changes that have been running for ${longSeconds} s.`] : []), // prettier-ignore
    ...(longNow(subject) === undefined ? [`What runs on ${old.name} for long is not known: a freeze that would have to wait gives up after a second.`] : []), // prettier-ignore
    ...(old.column.readOnlyBypass.length > 0
      ? [`Accounts that may write to a read-only server could write on ${old.name} afterwards: that would be seen, and a human asked.`]
      : []), // prettier-ignore
    ...(heartbeat?.active === true
      ? [`Commits on ${to.name} wait until a replica follows it${heartbeat.timeoutSeconds === undefined ? '' : `, at most ${spell(heartbeat.timeoutSeconds)}`}.`]
      : []), // prettier-ignore
    ...((site.announcers ?? []).length === 0
      ? ['Nothing tells the applications: configure `announce`, or point them at the new primary by hand.']
      : []),
    ...(perhaps.length === 0 ? [] : [`Set on ${to.name} since its start: ${perhaps.join(', ')}. Whether a restart would keep that is not known.`]), // prettier-ignore
    ...(unasked === undefined ? [] : [`What a restart of ${to.name} would change could not be asked on its machine: ${unasked}.`]), // prettier-ignore
    `${to.name} and ${others.length === 0 ? old.name : `the other servers`} keep their option files: that every server starts read-only is what makes a restart safe.`,
  ];
}

function changes(count: number): string {
  return count === 1 ? 'a change that has been running on' : `${count} changes that have been running on`;
}
