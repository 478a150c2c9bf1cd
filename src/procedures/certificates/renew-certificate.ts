import { isIssuedBy } from '../../domain/rotation.js';
import type { Parameters, Scene } from '../../domain/scene.js';
import type { Need, Procedure, Refusal } from '../../engine/procedure.js';
import { given, identityPremise, viewOf } from '../view.js';
import { presentOf, type Present } from './due.js';
import { brokenRemarks, linksOf, newLeaf, serverChanges, type Exchange } from './exchange.js';
import { holderOf, isHolder, type Holder } from './holder.js';
import { ownNeeded, ownRenewalPremises, ownRenewalRefusals, ownRenewalRemarks, ownRenewalSteps } from './own/renewal.js'; // prettier-ignore
import { exchangeRefusals, renewerUnknown, replicasDue } from './refusals.js';
import { exchangeSteps } from './steps.js';

/**
 * Gives a server new certificates of its authority, after everybody who will meet them has shaken hands with them, and
 * sees them on the wire and on every replication link, before anything that broke could break at night. Where no server
 * is named: Lockstep itself the one with which it logs in, after every server has let it in with that.
 */
export const renewCertificate: Procedure = {
  name: 'renew-certificate',
  purpose: 'Give a server, or Lockstep itself, new certificates, and see that everybody accepts them',
  parameters: [
    { name: 'server', kind: 'server', required: false, help: 'whose certificates; left out: the one with which Lockstep logs in' }, // prettier-ignore
    {
      name: 'what',
      kind: 'choice',
      values: ['server', 'client', 'both'],
      required: false,
      default: 'both',
      help: 'the certificate that it serves, those that it presents as a replica, or both',
    },
    {
      name: 'when',
      kind: 'choice',
      values: ['due', 'now'],
      required: false,
      default: 'due',
      help: 'due: those whose time has come; now: all of them',
    },
    {
      name: 'order',
      kind: 'choice',
      values: ['replicas-first', 'any'],
      required: false,
      default: 'replicas-first',
      help: 'whether its replicas must have renewed what is due there before it',
    },
  ],
  locks: 'cluster',
  looks: 'anew',
  needed: (scene, parameters) => (isOwn(parameters) ? ownNeeded(scene, parameters) : needed(scene, parameters)),
  refusals: (scene, parameters) => (isOwn(parameters) ? ownRenewalRefusals(scene) : refusals(scene, parameters)),
  premises: (scene, parameters) => (isOwn(parameters) ? ownRenewalPremises(scene) : premises(scene, parameters)),
  steps: (scene, parameters) => {
    if (isOwn(parameters)) return ownRenewalSteps(scene);
    const exchange = exchangeOf(scene, parameters);
    return exchange === undefined ? [] : exchangeSteps(exchange, scene);
  },
  remarks: (scene, parameters) => (isOwn(parameters) ? ownRenewalRemarks(scene) : remarks(scene, parameters)),
};

/** No server is named. */
function isOwn({ server }: Parameters): boolean {
  return server === undefined;
}

function needed(scene: Scene, parameters: Parameters): Need {
  const name = given(parameters, 'server');
  const holder = holderOf(scene, name);
  if (!isHolder(holder)) {
    if (holder.length > 0) return { observed: 'yes', why: `the certificates of ${name} are asked for` };
    const why = viewOf(scene).server(name)?.failure?.message ?? 'no answer';
    return {
      observed: 'unknown',
      why: `the certificates of ${name} cannot be changed while it cannot be asked: ${why}`,
    };
  }
  const wanted = wantedOf(holder, scene, parameters);
  if (wanted.length > 0)
    return { observed: 'yes', why: wanted.map(({ due, later, words }) => due ?? `${words}: asked for before its time (${later})`).join('; ') }; // prettier-ignore
  return {
    observed: 'no',
    why: presentOf(holder, scene.snapshot.at / 1000)
      .map(({ later }) => later)
      .join('; '),
  };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const name = given(parameters, 'server');
  const holder = holderOf(scene, name);
  if (!isHolder(holder)) return holder;
  const exchange = exchangeOf(scene, parameters);
  if (exchange === undefined) return [];
  const first = given(parameters, 'order') === 'any' || !serverChanges(exchange) ? [] : replicasDue(name, scene);
  const renewed = exchange.leaves.map(({ present }) => present.certificate);
  return [
    ...renewerUnknown(renewed, scene),
    ...exchangeRefusals(exchange, scene),
    ...(first.length === 0
      ? []
      : [
          {
            reason: 'replicas-first',
            why: `${first.join(', ')} replicate from ${name}, and their own certificates are due: if anything is wrong with new ones, a replica should meet it first`,
            remedy: `Run renew-certificate for ${first.join(', ')} first, or ask for order: any.`,
          },
        ]),
  ];
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const exchange = exchangeOf(scene, parameters);
  if (exchange === undefined) return undefined;
  const { holder, leaves } = exchange;
  return {
    server: holder.name,
    identity: identityPremise(holder.facts.identity),
    primary: viewOf(scene).topology.primary,
    authority: scene.authority?.fingerprint,
    files: holder.files,
    replaced: leaves.map(({ present }) => [present.pair.certificate, present.certificate?.fingerprint]),
    links: linksOf(exchange, scene).map(({ replica, channel }) => [replica, channel.name, channel.source, channel.tls]),
  };
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const exchange = exchangeOf(scene, parameters);
  if (exchange === undefined) return [];
  const links = linksOf(exchange, scene);
  return [
    ...(links.length === 0
      ? []
      : [`Receiving stops for a moment on ${links.map(({ words }) => words).join(', then on ')}; applying goes on.`]),
    ...brokenRemarks(links),
    'What is in use now stays beside it as the other of `a` and `b` until the next renewal.',
    ...(serverChanges(exchange) && !exchange.holder.column.reloadsTls
      ? [`${exchange.holder.name} is restarted: this version has no other way.`]
      : []),
  ];
}

function exchangeOf(scene: Scene, parameters: Parameters): Exchange | undefined {
  const holder = holderOf(scene, given(parameters, 'server'));
  if (!isHolder(holder)) return undefined;
  const wanted = wantedOf(holder, scene, parameters);
  if (wanted.length === 0) return undefined;
  const leaves = wanted.map((present) => newLeaf(holder, present, '', renewedBy(present, scene)));
  return { holder, prefix: '', leaves, trust: [], added: [] };
}

function wantedOf(holder: Holder, scene: Scene, parameters: Parameters): readonly Present[] {
  const what = given(parameters, 'what');
  return presentOf(holder, scene.snapshot.at / 1000).filter(
    ({ use, due }) =>
      (given(parameters, 'when') === 'now' || due !== undefined) && (what === 'both' || use === 'both' || use === what),
  );
}

/** While one authority gives way to another, a renewal changes nobody: who trusts the new one is the rotation's to see. */
function renewedBy({ certificate }: Present, { rotation }: Scene): string | undefined {
  const { from } = rotation ?? {};
  return certificate !== undefined && from !== undefined && isIssuedBy(certificate, from) ? from.name : undefined;
}
