import type { Secret } from '../../base/secret.js';
import { certificateOf } from '../../base/x509.js';
import type { Leaf, StageAction, Trust } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import type { Authority } from '../../pki/authority.js';
import { issue, sign, type Issued } from '../../pki/issue.js';
import { readRequest } from '../../pki/signing-request.js';
import { changedBundle, type Authorities } from './bundle-file.js';
import { makeKey } from './host-keys.js';
import { Generations, other, type Slot } from './generations.js';

/** A key that its server alone may read stays so, and no key is ever wider open than to a group. */
const keyMode = 0o640;

/**
 * Makes the next generation beside the one in use. Whatever fails leaves that one as it is.
 * @returns which both generations are, and the SHA-256 of every new certificate
 */
export async function stage(
  action: StageAction,
  host: Host,
  authorities: Authorities,
  signal: AbortSignal,
): Promise<Notes> {
  const { directory, below, files, leaves, trust, keysStay, noteAs } = action;
  const all = new Generations(host, directory, signal, keysStay, below);
  const changing = [...leaves.flatMap(({ certificate, key }) => [certificate, key]), ...trust.map(({ file }) => file)];
  await all.refuseForeignLinks(changing);
  const previous = await all.inUse(files);
  const next = other(previous);
  await all.point('next', next);
  await all.clear(next);
  await all.carry(previous, next, files);
  const made: [string, string][] = [];
  for (const leaf of leaves)
    made.push([leaf.noteAs, await lay(leaf, all, previous, next, await authorities(leaf.authority))]);
  for (const one of trust) await lead(one, all, previous, next, authorities);
  for (const file of files.filter((one) => !changing.includes(one)))
    await all.copy(all.in(previous, file), all.in(next, file));
  return {
    ...Object.fromEntries(made),
    [noteAs.next]: await all.marked(next),
    [noteAs.previous]: await all.marked(previous),
  };
}

async function lay(leaf: Leaf, all: Generations, previous: Slot, next: Slot, authority: Authority): Promise<string> {
  const { host, signal } = all;
  const certificate = await all.ownershipIn(previous, leaf.certificate, 'open');
  const key = await all.ownershipIn(previous, leaf.key, 'key');
  const { commonName, use, names, lifetime } = leaf;
  const notAfter = new Date(Math.min(Date.now() + lifetime * 1000, authority.certificate.notAfter * 1000));
  const wish = { commonName, use, names, notAfter };
  const options = { ...key, mode: key.mode & keyMode || 0o600, signal };
  const at = all.in(next, leaf.key);
  const issued = all.keysStay.includes(leaf.key)
    ? await sign(authority, { ...wish, request: readRequest(await makeKey(host, at, options), `what ${host.name} asks for`) }) // prettier-ignore
    : await issuedWith(await issue(authority, wish), (pem) => host.write(at, pem, options));
  await host.write(all.in(next, leaf.certificate), Buffer.from(issued.chainPem), { ...certificate, signal });
  return certificateOf(issued.certificatePem).fingerprint;
}

/** The key is in its place before its certificate. */
async function issuedWith(issued: Issued, write: (keyPem: Secret) => Promise<void>): Promise<Issued> {
  await write(issued.keyPem);
  return issued;
}

/** The authorities of the file as they stand, without those that leave, and with those that join. */
async function lead(
  trust: Trust,
  all: Generations,
  previous: Slot,
  next: Slot,
  authorities: Authorities,
): Promise<void> {
  const { host, signal } = all;
  const { file } = trust;
  const from = all.in(previous, file);
  const there = await all.factsIfAny(from);
  const before = there === undefined ? '' : (await host.read(from, { signal })).toString();
  await host.write(all.in(next, file), await changedBundle(before, trust, authorities), {
    ...(await all.ownershipIn(previous, file, 'open')),
    signal,
  });
}
