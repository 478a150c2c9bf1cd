import { mostAccountsListed } from '../../domain/account-match.js';
import type { Scene } from '../../domain/scene.js';
import { channelText } from '../../domain/problems/check.js';
import { relationsOf } from '../../domain/relations.js';
import { spell } from '../../domain/spell.js';
import { topologyOf } from '../../domain/topology.js';
import type { Refusal } from '../../engine/procedure.js';
import type { Aim } from './aim.js';
import { observedOn, sightingsOf } from './locked-out.js';

/** What forbids to require TLS. @param seconds the period that must have been observed */
export function refusalsFor(scene: Scene, aim: Aim, seconds: number): readonly Refusal[] {
  const found = [...unseen(scene, aim), ...tlsOff(scene), ...ownLogins(scene), ...plaintextChannels(scene)];
  return [...found, ...ownSessions(scene), ...accountsUnread(scene), ...observedTooShort(scene, seconds)];
}

function unseen({ snapshot }: Scene, { primary }: Aim): readonly Refusal[] {
  const hidden = snapshot.servers.find(({ facts }) => facts?.tls === undefined);
  if (hidden !== undefined)
    return [
      {
        reason: 'server-unseen',
        why: `${hidden.name} cannot be asked: ${hidden.failure?.message ?? 'its TLS settings were not told'}`,
        remedy: 'All servers are changed together. Bring it back first.',
      },
    ];
  if (primary !== undefined) return [];
  return [
    {
      reason: 'no-primary',
      why: `${snapshot.cluster} has no primary that accounts could be changed on`,
      remedy: 'docs/runbooks/NoPrimary.md.',
    },
  ];
}

function tlsOff({ snapshot }: Scene): readonly Refusal[] {
  return snapshot.servers
    .filter(({ facts }) => facts?.tls !== undefined && facts.tls.haveSsl !== 'YES')
    .map(({ name }) => ({
      reason: 'tls-off',
      why: `${name} offers no TLS: it would refuse everybody`,
      remedy: 'Turn TLS on there first: docs/runbooks/TlsOff.md.',
    }));
}

function ownLogins({ snapshot }: Scene): readonly Refusal[] {
  const plain = snapshot.servers.find(({ facts }) => facts?.tls?.haveSsl === 'YES' && facts.tls.session === undefined);
  if (plain === undefined) return [];
  return [
    {
      reason: 'own-login',
      why: `Lockstep itself is connected to ${plain.name} without TLS`,
      remedy: 'Take `tls: { mode: disabled }` out of the configuration first.',
    },
  ];
}

function plaintextChannels({ snapshot }: Scene): readonly Refusal[] {
  const relations = relationsOf(snapshot, topologyOf(snapshot));
  return relations.channels.flatMap((relation): Refusal[] => {
    const channels = snapshot.servers.find(({ name }) => name === relation.server)?.facts?.channels;
    const channel = channels?.find(({ name }) => name === relation.channel);
    if (channel === undefined || (channel.tls.enabled && relation.tls.negotiated !== false)) return [];
    return [
      {
        reason: 'plaintext-channel',
        why: `${channelText(relation)} replicates without TLS, and would be locked out when it connects next`,
        remedy: `Run secure-channel for ${channelText(relation)} first.`,
      },
    ];
  });
}

/** Sessions that are there now, of Lockstep or of whoever replicates: what nobody may be asked to lock out. */
function ownSessions({ snapshot, site }: Scene): readonly Refusal[] {
  const { monitor, operate, replication } = site.accounts;
  const channelUsers = snapshot.servers.flatMap(({ facts }) =>
    (facts?.channels ?? []).map(({ source }) => source.user),
  );
  const own = new Set([monitor, operate, replication?.user, ...channelUsers]);
  return snapshot.servers.flatMap(({ name, facts }) => {
    const session = facts?.plaintext?.sessions?.find(({ user, local }) => !local && own.has(user));
    if (session === undefined) return [];
    return [
      {
        reason: 'own-session',
        why: `"${session.user}" is connected to ${name} from ${session.client} without TLS`,
        remedy:
          'Lockstep and replicas must use TLS first: docs/runbooks/UnknownReplica.md, docs/runbooks/ChannelWithoutTls.md.',
      },
    ];
  });
}

/** What is not known of accounts cannot be kept as it is. */
function accountsUnread({ snapshot }: Scene): readonly Refusal[] {
  return snapshot.servers.flatMap(({ name, facts, collectors }): Refusal[] => {
    if (facts === undefined) return [];
    const listed = facts.accounts?.listed;
    if (listed === undefined) {
      const remedy = collectors.find(({ collector }) => collector === 'accounts')?.remedy;
      return [
        {
          reason: 'accounts-unread',
          why: `the accounts of ${name} cannot be read`,
          remedy: remedy === undefined ? 'See its collectors: docs/runbooks/CollectorFailing.md.' : `${remedy}.`,
        },
      ];
    }
    if (listed.length < mostAccountsListed) return [];
    return [
      {
        reason: 'too-many-accounts',
        why: `${name} has more accounts than the ${mostAccountsListed} that Lockstep reads`,
        remedy: 'Change them by hand: docs/runbooks/TlsNotRequired.md.',
      },
    ];
  });
}

function observedTooShort(scene: Scene, seconds: number): readonly Refusal[] {
  return scene.snapshot.servers.flatMap(({ name, facts }): Refusal[] => {
    if (facts === undefined) return [];
    const observed = observedOn(scene, name);
    if (observed >= seconds) return [];
    const tells = sightingsOf(scene, name) !== undefined;
    return [
      {
        reason: 'observed-too-short',
        why: tells
          ? `who comes to ${name} without TLS has been observed for ${spell(observed)}, and wanted are ${spell(seconds)}`
          : `${name} does not tell who is connected without TLS, so nobody knows who would be locked out`,
        remedy: tells
          ? `Wait, or ask for a shorter time: observed-for ${Math.floor(observed / 3600)}h.`
          : 'Set performance_schema = ON, or on MariaDB `SET GLOBAL userstat = ON`, and wait; or go without knowing: observed-for 0s.',
      },
    ];
  });
}
