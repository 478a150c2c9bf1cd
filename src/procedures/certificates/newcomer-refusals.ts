import type { Scene } from '../../domain/scene.js';
import type { Refusal } from '../../engine/procedure.js';
import { viewOf } from '../view.js';
import type { Newcomer } from './newcomer.js';
import { noAuthority, noService } from './refusals.js';

/** What forbids to turn TLS on, in the order in which a person would mend it. */
export function newcomerRefusals(newcomer: Newcomer, scene: Scene): readonly Refusal[] {
  const { name, own } = newcomer;
  return [
    ...noAuthority(scene),
    ...notReached(newcomer),
    ...unproven(newcomer, scene),
    ...(newcomer.way === 'restart' ? [...restartOfPrimary(newcomer, scene), ...noService(name, own, 'turns TLS on only when it starts')] : []), // prettier-ignore
  ];
}

function notReached({ name, own, optionFiles }: Newcomer): readonly Refusal[] {
  if (!own.allowed)
    return [
      {
        reason: 'no-host',
        why: `Lockstep may not change files in ${own.directory} of ${name}`,
        remedy: `Configure \`hosts\` with ${own.directory} among its \`paths\`.`,
      },
    ];
  if (optionFiles === undefined)
    return [
      {
        reason: 'no-option-files',
        why: `nothing says where ${name} reads option files, and by which program they are checked`,
        remedy: 'Write `server_tls: { include_directory: /etc/mysql/conf.d, server_command: [/usr/sbin/mysqld] }`.',
      },
    ];
  if (optionFiles.allowed) return [];
  return [
    {
      reason: 'no-host',
      why: `Lockstep may not write into ${optionFiles.directory} of ${name}, or not run ${optionFiles.command[0] ?? ''}`,
      remedy: 'Add them to the `paths` and `programs` of its `hosts`.',
    },
  ];
}

/** Of a server that lets Lockstep in the engine sees to it; of one that does not, only the greeting is known. */
function unproven({ name, facts, proven, server }: Newcomer, { site }: Scene): readonly Refusal[] {
  if (facts !== undefined || proven || site.acceptUnproven) return [];
  return [
    {
      reason: 'unproven',
      why: `${name} greets as ${server.login?.handshake?.greeting ?? 'nobody knows what'}, on which Lockstep was never tested`,
      remedy: 'Read the plan; if you agree, write `accept_unproven: true` for the cluster.',
    },
  ];
}

/** A server that is not seen to be no primary is not restarted. */
function restartOfPrimary({ name, column, facts }: Newcomer, scene: Scene): readonly Refusal[] {
  const { topology } = viewOf(scene);
  const why = facts === undefined && column.settableTls ? `${name} lets Lockstep in over TLS alone, so that only a restart turns it on` : `this version turns TLS on only when it starts`; // prettier-ignore
  const role = topology.roles[name];
  if (topology.primary === name || role === 'primary')
    return [
      {
        reason: 'restart-of-primary',
        why: `${name} is the primary, and ${why}`,
        remedy: `Run switchover first (lockstep run switchover --cluster ${scene.site.cluster}), and enable-tls for ${name} once it is a replica.`,
      },
    ];
  const others = topology.primary !== undefined && !topology.links.some(({ source }) => source === name);
  if (role === 'replica' || role === 'intermediate' || others) return [];
  return [
    {
      reason: 'role-unknown',
      why: `whether ${name} is the primary is not to be seen, and ${why}`,
      remedy: 'Bring the primary of the cluster into sight first: lockstep status.',
    },
  ];
}
