import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { matcherOf, type Labels } from '../base/matcher.js';
import type { Silences } from '../engine/ports.js';
import { peersOf, type AlertmanagerPeer } from './alertmanager.js';
import type { Silence, SilenceMatcher } from './alertmanager-answers.js';
import type { AlertmanagerSettings } from './settings.js';

/** Who makes Lockstep's own silences. */
export const ourName = 'lockstep';

type Verdict = Awaited<ReturnType<Silences['covers']>>;

/**
 * Asks every Alertmanager whether somebody has silenced what fires with these labels. One that answers is enough, and a
 * silence that only one of them knows counts. `unknown` when none answers. Lockstep's own silences do not count.
 * @param settings undefined: no Alertmanager is configured, so silences do not count
 */
export function alertmanagerSilences(settings: AlertmanagerSettings | undefined, log: Log): Silences {
  if (settings === undefined) return { covers: () => Promise.resolve('no') };
  const peers = peersOf(settings).map((peer, index) => ({ peer, complain: complaints(log, index + 1) }));
  return {
    async covers(labels, signal) {
      const verdicts = await Promise.all(
        peers.map(async ({ peer, complain }): Promise<Verdict> => {
          try {
            const verdict = await coveredBy(peer, labels, signal);
            complain(undefined);
            return verdict;
          } catch (error) {
            complain(error);
            return 'unknown';
          }
        }),
      );
      const silence = verdicts.find((verdict) => typeof verdict === 'object');
      return silence ?? (verdicts.includes('no') ? 'no' : 'unknown');
    },
  };
}

/**
 * While Alertmanager lists the alert, its own verdict over all of the alert's labels counts. Otherwise, as for an alert
 * that has just resolved, the silences' matchers are held against the labels that are known.
 */
async function coveredBy(peer: AlertmanagerPeer, labels: Labels, signal: AbortSignal): Promise<Verdict> {
  const [{ silences }, alerts] = await Promise.all([peer.silences(signal), peer.alerts(labels, signal)]);
  const others = silences.filter(({ state, createdBy }) => state === 'active' && createdBy !== ourName);
  const covering =
    alerts.length === 0
      ? others.find(({ matchers }) => matchers.every((matcher) => holds(matcher, labels)))
      : others.find(({ id }) => alerts.some(({ silencedBy }) => silencedBy.includes(id)));
  return covering === undefined ? 'no' : whose(covering);
}

function whose({ createdBy, comment }: Silence): { readonly by: string; readonly comment: string } {
  return { by: createdBy, comment };
}

function holds({ name, value, isRegex, isEqual }: SilenceMatcher, labels: Labels): boolean {
  const operator = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  try {
    return matcherOf(name, operator, value).matches(labels);
  } catch (error) {
    // Alertmanager understood it, and we do not: it may cover the alert.
    if (error instanceof LockstepError && error.code === 'matcher-invalid') return true;
    throw error;
  }
}

/** Says once that a peer cannot be asked, and once that it can be again. */
function complaints(log: Log, peer: number): (error: unknown) => void {
  let failing = false;
  return (error) => {
    if ((error !== undefined) === failing) return;
    failing = error !== undefined;
    if (failing)
      log.warn({ alertmanager: peer, why: messageOf(error) }, 'an Alertmanager cannot be asked for silences');
    else log.info({ alertmanager: peer }, 'an Alertmanager can be asked for silences again');
  };
}
