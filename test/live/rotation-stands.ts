import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Secret } from '../../src/base/secret.js';
import { certificateOf, certificatesOf } from '../../src/base/x509.js';
import { openSession } from '../../src/mysql/session.js';
import type { Authority } from '../../src/pki/authority.js';
import { issue, type Issued } from '../../src/pki/issue.js';
import { replicaRequest, sandboxAuthority, serverRequest } from '../../src/sandbox/certificates.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesRotating } from '../../src/sandbox/configuration.js';

/** How far a rotation has come, as files say it: whom everybody trusts, and from whom everything is. */
export interface Stand {
  readonly trusted: readonly Word[];
  readonly issuer: Word;
}

type Word = 'former' | 'next';

/** What a cluster's files are written from; made once, for keys take their time. */
interface Stock {
  readonly authorities: Readonly<Record<Word, Authority>>;
  /** By file and authority. */
  readonly issued: Map<string, Issued>;
}

const stocks = new WeakMap<SandboxCluster, Promise<Stock>>();

export function stockOf(sandbox: SandboxCluster): Promise<Stock> {
  const made = stocks.get(sandbox) ?? stocked(sandbox);
  stocks.set(sandbox, made);
  return made;
}

/** The configuration of a Lockstep that moves the cluster from its own authority to another. */
export async function rotatingConfiguration(sandbox: SandboxCluster) {
  const { former, next } = (await stockOf(sandbox)).authorities;
  return certificatesRotating(sandbox, { name: 'next', ...next }, { name: 'former', ...former });
}

/** Lets everything stand so, servers told, from wherever it stood: both are trusted in between. */
export async function stand(sandbox: SandboxCluster, { trusted, issuer }: Stand): Promise<void> {
  const stock = await stockOf(sandbox);
  await trust(sandbox, stock, ['former', 'next']);
  for (const server of sandbox.servers) {
    lay(path.join(server.tlsDirectory, ''), await made(stock, issuer, server.name, serverRequest(server)));
    const client = await made(stock, issuer, `${server.name}-client`, replicaRequest(server));
    lay(path.join(server.tlsDirectory, 'client-'), client);
    await server.sql(server.words.reloadTls);
  }
  const own = await made(stock, issuer, 'lockstep', { commonName: 'lockstep', use: 'client', names: [] });
  writeFileSync(sandbox.client.cert, own.chainPem);
  writeFileSync(sandbox.client.key, own.keyPem.reveal());
  await trust(sandbox, stock, trusted);
}

/** One text for what files hold, what is served, and to whom that can be shown. */
export async function standOf(sandbox: SandboxCluster): Promise<string> {
  const [ca, cert, key] = [sandbox.client.ca, sandbox.client.cert, sandbox.client.key].map((file) => readFileSync(file)); // prettier-ignore
  const { user, password } = sandbox.accounts.monitor;
  const servers = sandbox.servers.map(async ({ name, tlsDirectory, address }) => {
    const session = await openSession(
      {
        address,
        user,
        password: () => Promise.resolve(password),
        tls: { verify: 'identity', ca: ca ?? '', cert: cert ?? '', key: new Secret(key?.toString() ?? '') },
      },
      { signal: AbortSignal.timeout(10_000) },
    );
    await session.end();
    const leaves = ['', 'client-'].map((prefix) => leafOf(path.join(tlsDirectory, prefix)));
    const served = session.handshake.chain[0]?.issuer ?? '';
    return `${name} trusts ${subjectsIn(path.join(tlsDirectory, 'ca.pem'))}, has ${leaves.join(' and ')}, serves ${served}`;
  });
  const own = `Lockstep trusts ${subjectsIn(sandbox.client.ca)}, presents ${pairIn(sandbox.client.cert, sandbox.client.key)}`;
  return [...(await Promise.all(servers)), own].join('; ');
}

async function stocked(sandbox: SandboxCluster): Promise<Stock> {
  const next = await sandboxAuthority(sandbox.scope, 'Another authority');
  return { authorities: { former: sandbox.authority, next }, issued: new Map() };
}

async function made(stock: Stock, from: Word, file: string, request: Parameters<typeof issue>[1]): Promise<Issued> {
  const key = `${file} of ${from}`;
  const known = stock.issued.get(key) ?? (await issue(stock.authorities[from], { ...request, keyType: 'p256' }));
  stock.issued.set(key, known);
  return known;
}

async function trust(sandbox: SandboxCluster, { authorities }: Stock, words: readonly Word[]): Promise<void> {
  const pem = words.map((word) => authorities[word].authorityPem).join('');
  for (const { tlsDirectory } of sandbox.servers) writeFileSync(path.join(tlsDirectory, 'ca.pem'), pem);
  writeFileSync(sandbox.client.ca, pem);
  for (const server of sandbox.servers) await server.sql(server.words.reloadTls);
}

/** @param place directory and beginning of the names */
function lay(place: string, { chainPem, keyPem }: Issued): void {
  writeFileSync(named(place, 'cert.pem'), chainPem);
  writeFileSync(named(place, 'key.pem'), keyPem.reveal());
}

function leafOf(place: string): string {
  return pairIn(named(place, 'cert.pem'), named(place, 'key.pem'));
}

function pairIn(certFile: string, keyFile: string): string {
  const cert = new X509Certificate(readFileSync(certFile));
  const whole = cert.checkPrivateKey(createPrivateKey(readFileSync(keyFile)));
  return `${certificateOf(cert).issuer}'s ${whole ? 'whole' : 'halved'}`;
}

function named(place: string, name: string): string {
  return place.endsWith('-') ? `${place}${name}` : path.join(place, name);
}

function subjectsIn(file: string): string {
  return certificatesOf(readFileSync(file, 'utf8'))
    .map(({ subject }) => subject)
    .sort()
    .join(' and ');
}
