import type {
  CertificateAction,
  Leaf,
  OptionFileAction,
  ProveAction,
  RehearseAction,
  StageAction,
  Trust,
  Truster,
} from '../domain/certificate-action.js';
import type { OwnLogin, OwnPlace } from '../domain/own-certificate.js';
import type { OwnCertificateAction } from '../domain/own-certificate-action.js';
import { lockstepItself } from '../domain/rotation.js';
import { spell } from '../domain/spell.js';

/** What an action on certificates does, a line for each thing. What is learned only in the run stands in angle brackets. */
export function certificateLines(action: CertificateAction): readonly string[] {
  switch (action.kind) {
    case 'stage-certificates':
      return stageLines(action);
    case 'rehearse-certificates':
      return rehearseLines(action);
    case 'place-certificates':
      return [
        `${action.on}: let ${action.directory}/current be <${action.generation.note}>, for ${action.files.join(', ')} at once`,
      ];
    case 'discard-certificates':
      return [`${action.on}: remove what ${action.directory}/next names, unless it is in use`];
    case 'option-file':
      return optionFileLines(action);
    case 'check-configuration':
      return action.checks.map(({ words, expects }, index) => {
        const wants = expects === undefined ? '' : `, and say ${Object.entries(expects).map(([name, value]) => `${name} ${value}`).join(', ')}`; // prettier-ignore
        const gives = index === action.checks.length - 1 ? ` -- gives <${action.noteAs}>` : '';
        return `${action.on}: run ${[...action.command, ...words].join(' ')} on its machine, which must end with 0${wants}${gives}`;
      });
    case 'meet-certificate':
      return [
        `${action.on}: log in over TLS, and meet <${action.expects.note}>, verified by ${action.authority} -- gives <${action.noteAs}>`,
      ];
    case 'restart':
      return [`${action.on}: restart the service "${action.service}", and wait until it ${action.until === 'greeting' ? 'greets' : 'answers'} -- gives <${action.noteAs}>`]; // prettier-ignore
    case 'change-trust':
      return [`${whose(action.outsider)}: let ${action.file} be as it is ${changeWords(action)}`];
    case 'prove-authority':
      return proveLines(action);
    case 'own-certificate':
      return ownLines(action);
  }
}

function proveLines({ authority, accepted, servers, trusters, noteAs }: ProveAction): readonly string[] {
  const expected = `which must be ${accepted ? 'accepted' : 'refused'}`;
  return [
    ...servers.map(
      (name) => `${name}: shake hands with a client certificate of ${authority} that is kept nowhere, ${expected}`,
    ),
    ...trusters.map(
      ({ name, file }) =>
        `prove: shake hands as ${name} with a server certificate of ${authority} that is kept nowhere, checked by ${trustWords(file)}, ${expected}`,
    ),
    `prove: -- gives <${noteAs}>`,
  ];
}

function changeWords({ add, drop }: Pick<Trust, 'add' | 'drop'>): string {
  return [
    ...(add.length === 0 ? [] : [`with the authority ${add.join(', ')}`]),
    ...(drop.length === 0 ? [] : [`without ${drop.map((one) => one.slice(0, 16)).join(', ')}`]),
  ].join(' and ');
}

function whose(outsider: string): string {
  return outsider === lockstepItself ? 'Lockstep' : outsider;
}

function trustWords(file: Truster['file']): string {
  if (file === 'lockstep') return 'what Lockstep trusts';
  return 'outsider' in file ? `what ${whose(file.outsider)} trusts` : `${file.path} of ${file.on}`;
}

function optionFileLines({ on, act, file, lines, mark, noteAs }: OptionFileAction): readonly string[] {
  return act === 'put'
    ? [`${on}: write ${file} for <${mark.note}> -- gives <${noteAs}>`, ...lines.map((line) => `  ${line}`)]
    : [`${on}: leave ${file} as it was before, or take it away where there was none -- gives <${noteAs}>`];
}

function stageLines({ on, directory, files, leaves, trust, keysStay = [], noteAs }: StageAction): readonly string[] {
  const changed = new Set([
    ...leaves.flatMap(({ certificate, key }) => [certificate, key]),
    ...trust.map(({ file }) => file),
  ]);
  const kept = files.filter((file) => !changed.has(file));
  return [
    ...leaves.map(
      (leaf) =>
        `${on}: in ${directory}/next lay ${leafWords(leaf, keysStay.includes(leaf.key))} -- gives <${leaf.noteAs}>`,
    ),
    ...trust.map((one) => `${on}: in ${directory}/next lay ${one.file} ${changeWords(one)}`),
    ...(kept.length === 0 ? [] : [`${on}: in ${directory}/next lay ${kept.join(', ')} as in use now`]),
    `${on}: -- gives <${noteAs.next}>, <${noteAs.previous}>`,
  ];
}

function ownLines(action: OwnCertificateAction): readonly string[] {
  switch (action.act) {
    case 'stage': {
      const { place, leaf, noteAs } = action;
      return [
        `Lockstep: in ${ownDirectory(place)}/next lay ${leafWords(leaf, false)} -- gives <${leaf.noteAs}>`,
        `Lockstep: -- gives <${noteAs.next}>, <${noteAs.previous}>`,
      ];
    }
    case 'try':
      return loginLines(action.logins, 'with the next pair', action.noteAs, action.unseenAs);
    case 'place': {
      const { place, generation } = action;
      return [
        `Lockstep: let ${ownDirectory(place)}/current be <${generation.note}>, for ${place.certificate}, ${place.key} at once`,
      ];
    }
    case 'see':
      return loginLines(action.logins, `as configured, presenting <${action.expects.note}>`, action.noteAs);
    case 'discard':
      return [`Lockstep: remove what ${ownDirectory(action.place)}/next names, unless it is in use`];
  }
}

function ownDirectory({ directory, below }: OwnPlace): string {
  return `${directory}/${below}`;
}

/** Servers of a cluster in one line: there may be many clusters. */
function loginLines(logins: readonly OwnLogin[], how: string, noteAs: string, unseenAs?: string): readonly string[] {
  const clusters = [...new Set(logins.map(({ cluster }) => cluster))];
  return [
    ...clusters.map((name) => {
      const servers = logins.flatMap(({ cluster, server }) => (cluster === name ? [server] : []));
      return `${name}: log in to ${servers.join(', ')} on each of Lockstep's accounts, ${how}`;
    }),
    `Lockstep: -- gives <${noteAs}>${unseenAs === undefined ? '' : `, <${unseenAs}>`}`,
  ];
}

function leafWords({ certificate, key, use, authority, commonName, names, lifetime }: Leaf, stays: boolean): string {
  const kinds = { server: 'server', client: 'client', both: 'server and client' } as const;
  const named = names.length === 0 ? '' : `, for ${names.join(', ')}`;
  return `${certificate} and a new ${key}${stays ? ', which is made there and stays there' : ''}: a ${kinds[use]} certificate of "${commonName}" from ${authority}${named}, for ${spell(lifetime)}`;
}

function rehearseLines({ on, serves, presents, admits, noteAs }: RehearseAction): readonly string[] {
  return [
    ...(serves?.peers ?? []).map(({ name, file, expects }) => {
      const by = trustWords(file);
      const wants = expects === undefined ? '' : `, which must name ${expects}`;
      return `rehearse: shake hands as ${name} with the next certificate of ${on}, checked by ${by}${wants}`;
    }),
    ...presents.map(({ pair, to }) => {
      const by = trustWords(to.file);
      return `rehearse: shake hands as ${on} with the next ${pair.certificate}, checked as ${to.name} by ${by}`;
    }),
    ...(admits?.peers ?? []).map(
      ({ name }) =>
        `rehearse: shake hands as ${on} with the certificate of ${name}, checked by the next ${admits?.file ?? ''}`,
    ),
    `rehearse: -- gives <${noteAs}>`,
  ];
}
