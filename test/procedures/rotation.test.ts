import { describe, expect, it } from 'vitest';
import { columnFor, columns, type Column } from '../../src/dialects/capabilities.js';
import type { Certificate } from '../../src/domain/certificate.js';
import type { OwnCertificate } from '../../src/domain/own-certificate.js';
import { slashed, type Outsider, type Rotation } from '../../src/domain/rotation.js';
import type { Scene } from '../../src/domain/scene.js';
import type { Account, AccountFacts } from '../../src/domain/snapshot.js';
import { planOf } from '../../src/engine/plan.js';
import type { Procedure } from '../../src/engine/procedure.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { distrustAuthority } from '../../src/procedures/certificates/rotation/distrust-authority.js';
import { reissueCertificates } from '../../src/procedures/certificates/rotation/reissue-certificates.js';
import { trustAuthority } from '../../src/procedures/certificates/rotation/trust-authority.js';
import { certificate, following } from '../domain/build.js';
import { authority as former, changed, keptScene, keptSite } from './certificates.js';
import { goldenPlans } from './golden.js';
import { of } from './scenes.js';

const column = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
const next = certificate({ ...former, subject: 'CN=next CA', fingerprint: '2a'.repeat(32) });

/** How far a rotation has come. */
interface Stand {
  readonly trusted: readonly Certificate[];
  readonly issuer: Certificate;
}

const before: Stand = { trusted: [former], issuer: former };
const trusting: Stand = { trusted: [former, next], issuer: former };
const reissued: Stand = { trusted: [former, next], issuer: next };
const over: Stand = { trusted: [next], issuer: next };

function rotationScene(one: Column, { trusted, issuer }: Stand, more: Partial<Rotation> = {}): Scene {
  const scene = keptScene(one);
  const servers = scene.snapshot.servers.map((server) => ({
    ...server,
    certificates: server.certificates.flatMap((seen) => {
      const { certificate: own } = seen;
      if (own === undefined) return [seen];
      if (seen.role === 'ca') return trusted.map((authority) => ({ ...seen, certificate: authority }));
      return [{ ...seen, certificate: { ...own, issuer: issuer.subject } }];
    }),
  }));
  const outsider = (name: string, file: string | undefined): Outsider => ({
    name,
    file,
    trusted: file === undefined ? undefined : trusted,
    presents: name === 'shop' ? certificate({ subject: 'CN=shop', issuer: issuer.subject }) : undefined,
    sharedWith: undefined,
    reliedOnBy: undefined,
  });
  return {
    ...scene,
    snapshot: { ...scene.snapshot, servers },
    site: { ...keptSite, serverTls: { authority: 'next', replaces: 'former', renewBefore: undefined, lifetime: 365 * 86_400 } }, // prettier-ignore
    authority: next,
    rotation: {
      to: { name: 'next', certificates: [next], keyed: true },
      from: { name: 'former', certificates: [former], keyed: true },
      outsiders: [
        outsider('lockstep', '/etc/lockstep/ca.pem'),
        outsider('shop', '/etc/shop/mysql-ca.pem'),
        outsider('reports', undefined),
      ],
      own: ownOf(issuer),
      ...more,
    },
  };
}

function ownOf(issuer: Certificate, more: Partial<OwnCertificate> = {}): OwnCertificate {
  return {
    certFile: '/etc/lockstep/client.pem',
    keyFile: '/etc/lockstep/client.key',
    certificate: certificate({
      subject: 'CN=lockstep',
      issuer: issuer.subject,
      fingerprint: '0c'.repeat(32),
      names: [],
    }),
    keptBy: 'production',
    presentedTo: [{ cluster: 'production', servers: ['db1', 'db2', 'db3'], authorities: ['next', 'former'] }],
    ...more,
  };
}

/** The scene as it is when Lockstep presents that, or nothing. */
function presenting(scene: Scene, own: OwnCertificate | undefined): Scene {
  if (scene.rotation === undefined) throw new Error('no rotation');
  const { to, from, outsiders } = scene.rotation;
  return { ...scene, rotation: { to, ...(from && { from }), outsiders, ...(own && { own }) } };
}

/** The scene while the authority that gives way cannot be read. */
function formerless({ rotation, ...scene }: Scene): Scene {
  if (rotation === undefined) throw new Error('no rotation');
  const { to, outsiders, own } = rotation;
  return { ...scene, rotation: { to, outsiders, ...(own && { own }) } };
}

const all = { cluster: 'production', acknowledged: 'reports' };

function reasons(procedure: Procedure, scene: Scene, parameters = all as Readonly<Record<string, string>>) {
  return procedure.refusals(scene, { cluster: 'production', ...parameters }).map(({ reason }) => reason);
}

describe('a rotation', () => {
  it.each([
    ['before it', before, ['yes', 'yes', 'yes'], 'trust-authority'],
    ['when all trust both', trusting, ['no', 'yes', 'yes'], 'reissue-certificates'],
    ['when all was issued anew', reissued, ['no', 'no', 'yes'], 'distrust-authority'],
    ['after it', over, ['no', 'no', 'no'], 'nothing is left to do'],
  ])('needs, %s, what is seen to be next', (_, stand, needs, word) => {
    const scene = rotationScene(column, stand);
    const procedures = [trustAuthority, reissueCertificates, distrustAuthority];
    const found = procedures.map((procedure) => procedure.needed(scene, all));
    expect(found.map(({ observed }) => observed)).toEqual(needs);
    const [told] = found.filter(({ observed }) => observed === 'no');
    if (told !== undefined) expect(told.why).toContain(word);
    const possible = procedures.filter((procedure, index) => needs[index] === 'yes' && reasons(procedure, scene).length === 0); // prettier-ignore
    expect(possible.map(({ name }) => name)).toEqual(stand === over ? [] : [word]);
  });

  it('refuses what its predecessor has not brought about everywhere', () => {
    const half = changed(rotationScene(column, trusting), 'db3', (server) => ({
      ...server,
      certificates:
        rotationScene(column, before).snapshot.servers.find(({ name }) => name === 'db3')?.certificates ?? [],
    }));
    expect(reissueCertificates.refusals(half, all)).toMatchObject([
      {
        reason: 'authority-untrusted',
        why: expect.stringMatching(/db3/) as string,
        remedy: 'Run trust-authority first.',
      },
      { reason: 'authority-untrusted' },
    ]);
    const gone = changed(rotationScene(column, reissued), 'db3', (server) => ({ ...server, facts: undefined }));
    expect(reasons(distrustAuthority, gone)).toEqual(['server-unseen']);
    expect(trustAuthority.needed(changed(rotationScene(column, trusting), 'db3', (server) => ({ ...server, facts: undefined })), all).observed).toBe('unknown'); // prettier-ignore
    expect(reasons(distrustAuthority, rotationScene(column, trusting))).toContain('still-in-use');
  });

  it('changes no certificate before somebody has said what nobody sees', () => {
    const scene = rotationScene(column, trusting);
    expect(reasons(reissueCertificates, scene, {})).toEqual(['trust-unacknowledged']);
    expect(reasons(reissueCertificates, scene, { acknowledged: 'shop' })).toEqual(['trust-unacknowledged']);
    expect(reasons(reissueCertificates, scene, { acknowledged: 'elsewhere' })).toEqual(['unknown-application']);
    const none = rotationScene(column, trusting, { outsiders: [] });
    const [refusal] = reissueCertificates.refusals(none, { cluster: 'production' });
    expect(refusal).toMatchObject({ reason: 'trust-unacknowledged', remedy: expect.stringContaining('acknowledged: applications') as string }); // prettier-ignore
    expect(reasons(reissueCertificates, none, { acknowledged: 'applications' })).toEqual([]);
  });

  it('asks for what it can see, whatever people say', () => {
    const outsiders = (rotationScene(column, trusting).rotation?.outsiders ?? []).map((one) => (one.name === 'shop' ? { ...one, trusted: [former] } : one)); // prettier-ignore
    expect(reasons(reissueCertificates, rotationScene(column, trusting, { outsiders }), { acknowledged: 'reports,shop' })).toEqual(['authority-untrusted']); // prettier-ignore
    const unread = outsiders.map((one) => (one.name === 'lockstep' ? { ...one, trusted: undefined } : one));
    expect(reasons(trustAuthority, rotationScene(column, before, { outsiders: unread }))).toEqual(['own-trust']);
  });

  it('finds accounts that the new certificates would break', () => {
    const bound = (subject: string | undefined, issuer: string | undefined, stand: Stand) =>
      changed(rotationScene(column, stand), 'db1', (server) => ({
        ...server,
        facts: server.facts && { ...server.facts, accounts: { withoutTls: 0, streaming: [], listed: [], bound: [{ user: 'replication', host: '%', subject, issuer }] } }, // prettier-ignore
      }));
    expect(reasons(reissueCertificates, bound(undefined, '/CN=production CA', trusting))).toEqual(['account-pinned', 'account-pinned']); // prettier-ignore
    expect(reasons(reissueCertificates, bound('/CN=db2-replication', undefined, trusting))).toEqual([]);
    expect(reasons(reissueCertificates, bound(undefined, '/CN=elsewhere', trusting))).toEqual([]);
    expect(reasons(distrustAuthority, bound(undefined, '/CN=production CA', reissued))).toEqual(['account-pinned']);
    expect(slashed(String.raw`O=A\, B, CN=db1`)).toBe('/O=A, B/CN=db1');
  });

  it('wants accounts that require certificates to be named by who has seen to them', () => {
    const listed = (stand: Stand, list: AccountFacts['listed'], bound: AccountFacts['bound'] = []) =>
      changed(rotationScene(column, stand), 'db3', (server) => ({
        ...server,
        facts: server.facts && { ...server.facts, accounts: { withoutTls: 0, streaming: [], listed: list, bound } },
      }));
    const account = (user: string, requires: Account['requires']): Account => ({ user, host: '%', requires });
    const list = [account('plain', 'ssl'), account('replication', 'x509'), account('lockstep_operate', 'x509'), account('shop_rw', 'x509'), account('ciphers', 'specified'), account('pinned', 'specified'), account("o'dd", 'x509')]; // prettier-ignore
    const bound = [
      { user: 'pinned', host: '%', subject: '/CN=pinned', issuer: undefined },
      { user: 'ciphers', host: '%', subject: undefined, issuer: undefined },
    ];
    const scene = listed(reissued, list, bound);
    const asked = (accounts: string) => distrustAuthority.refusals(scene, { ...all, accounts });
    expect(asked('')).toMatchObject([
      {
        reason: 'accounts-unacknowledged',
        why: "'shop_rw'@'%', 'pinned'@'%', 'o'dd'@'%' require a certificate, and nobody can see whether theirs come from next",
        remedy: expect.stringMatching(/accounts: shop_rw,pinned,others\.$/) as string,
      },
    ]);
    expect(asked('shop_rw,others')).toMatchObject([{ why: expect.stringMatching(/^'pinned'@'%' require/) as string }]);
    expect(asked('shop_rw,pinned,others')).toEqual([]);
    expect(distrustAuthority.refusals(listed(reissued, undefined), all)).toMatchObject([{ why: expect.stringContaining('accounts of db3 cannot all be listed') as string, remedy: expect.stringMatching(/accounts: others\.$/) as string }]); // prettier-ignore
    expect(reissueCertificates.remarks?.(listed(trusting, list, bound), all).join('\n')).toContain("no certificate for 'shop_rw'@'%' (REQUIRE X509), 'pinned'@'%' (REQUIRE ISSUER or SUBJECT)"); // prettier-ignore
    expect(reasons(reissueCertificates, listed(trusting, list, bound))).toEqual([]);
  });

  it('refuses authorities that nobody could tell apart, or that stay trusted through another', () => {
    const scene = rotationScene(column, before);
    const same = { ...next, subject: former.subject };
    expect(reasons(trustAuthority, rotationScene(column, before, { to: { name: 'next', certificates: [same], keyed: true } }))).toEqual(['same-name']); // prettier-ignore
    expect(reasons(trustAuthority, formerless(scene))).toEqual(['authority-unreadable']);
    const root = certificate({ subject: 'CN=root', fingerprint: '77'.repeat(32), isAuthority: true });
    const below = {
      to: { name: 'next', certificates: [next, root], keyed: true },
      from: { name: 'former', certificates: [former, root], keyed: true },
    } as const;
    const rooted = { trusted: [former, next, root], issuer: next };
    expect(reasons(distrustAuthority, rotationScene(column, rooted, below))).toEqual(['shared-root']);
    expect(reasons(reissueCertificates, rotationScene(column, trusting, { to: { name: 'next', certificates: [next], keyed: false } }))).toContain('authority-elsewhere'); // prettier-ignore
  });

  it('tells of an authority that ends and has no successor', () => {
    const scene = rotationScene(column, before);
    const to = { name: 'former', certificates: [{ ...former, notAfter: scene.snapshot.at / 1000 + 100 * 86_400 }], keyed: true } as const; // prettier-ignore
    const alone = { ...scene, site: keptSite, rotation: { to: { ...to, name: 'mysql' }, outsiders: [] } };
    expect(trustAuthority.needed(alone, all).why).toMatch(/^the authority mysql ends at .*no other is configured/);
    expect(reasons(trustAuthority, alone)).toEqual(['no-successor']);
    expect(reissueCertificates.needed({ ...alone, authority: former }, all).observed).toBe('no');
  });

  it('takes one server where one is asked for, and the primary alone once its replicas are done', () => {
    const ids = (procedure: Procedure, stand: Stand, server: string) =>
      planOf(procedure, rotationScene(column, stand), of(server, { acknowledged: 'reports' })).sections.map(({ name }) => name); // prettier-ignore
    expect(ids(trustAuthority, before, 'db2')).toEqual(['db2-stage', 'db2-rehearse', 'db2-place', 'db2-load', 'db2-reconnect-1', 'db2-prove']); // prettier-ignore
    expect(ids(reissueCertificates, trusting, 'db2')[0]).toBe('prove');
    expect(reasons(reissueCertificates, rotationScene(column, trusting), { server: 'db1', acknowledged: 'reports' })).toEqual(['replicas-first']); // prettier-ignore
  });

  it('takes a server that others replicate from after them, not after those beside it', () => {
    const scene = rotationScene(column, trusting);
    const chained = { ...scene, snapshot: following(scene.snapshot, 'db3', 'db2') };
    const asked = (server: string) => reissueCertificates.refusals(chained, of(server, { acknowledged: 'reports' }));
    const words = (names: string) => [{ reason: 'replicas-first', why: expect.stringContaining(`certificates of ${names} still`) as string }]; // prettier-ignore
    expect(asked('db2')).toMatchObject(words('db3'));
    expect(asked('db3')).toEqual([]);
    expect(asked('db1')).toMatchObject(words('db3, db2'));
    const done = changed(chained, 'db3', (server) => ({
      ...server,
      certificates: rotationScene(column, reissued).snapshot.servers.find(({ name }) => name === 'db3')?.certificates ?? [], // prettier-ignore
    }));
    expect(reissueCertificates.refusals(done, of('db2', { acknowledged: 'reports' }))).toEqual([]);
  });

  it('shows a server that forgets the old one only what can be read', () => {
    const comers = (scene: Scene) =>
      distrustAuthority
        .steps(scene, of('db1', { acknowledged: 'reports' }))
        .flatMap(({ plan }) => plan)
        .flatMap((action) => (action.kind === 'rehearse-certificates' ? (action.admits?.peers ?? []) : []))
        .map(({ name }) => name);
    const scene = rotationScene(column, reissued);
    expect(comers(scene)).toEqual(['db2', 'db3', 'Lockstep']);
    expect(comers(presenting(scene, undefined))).toEqual(['db2', 'db3']);
    const { serverTls } = scene.site;
    expect(comers({ ...scene, site: { ...scene.site, ...(serverTls && { serverTls: { ...serverTls, keys: 'host' } }) } })).toEqual(['Lockstep']); // prettier-ignore
  });

  it('lets a renewal change nobody: what the old one issued, the old one renews', () => {
    const authorities = (stand: Stand) =>
      planOf(renewCertificate, rotationScene(column, stand), of('db2', { what: 'both', when: 'now', order: 'any' }))
        .sections.flatMap(({ steps }) => steps.flatMap(({ plan }) => plan))
        .flatMap((action) => (action.kind === 'stage-certificates' ? action.leaves.map(({ authority }) => authority) : [])); // prettier-ignore
    expect(authorities(before)).toEqual(['former', 'former']);
    expect(authorities(trusting)).toEqual(['former', 'former']);
    expect(authorities(reissued)).toEqual(['next', 'next']);
  });

  it('lets the new one renew nothing that the old one may have issued, while that cannot be read', () => {
    const refused = (stand: Stand) =>
      renewCertificate.refusals(formerless(rotationScene(column, stand)), of('db2', { what: 'both', when: 'now', order: 'any' })); // prettier-ignore
    expect(refused(trusting)).toMatchObject([{ reason: 'authority-unreadable', why: expect.stringContaining('the authority former cannot') as string, remedy: expect.stringContaining('take `replaces` out') as string }]); // prettier-ignore
    expect(refused(reissued)).toEqual([]);
  });

  it('leaves what another cluster still needs in the file that Lockstep shares', () => {
    const { rotation, ...scene } = rotationScene(column, reissued);
    const outsiders = (rotation?.outsiders ?? []).map((one) => (one.name === 'lockstep' ? { ...one, sharedWith: 'another' } : one)); // prettier-ignore
    const shared = { ...scene, ...(rotation && { rotation: { ...rotation, outsiders } }) };
    const ids = planOf(distrustAuthority, shared, all).sections.map(({ name }) => name);
    expect(ids).toContain('shop-distrust');
    expect(ids).not.toContain('lockstep-distrust');
  });

  it('takes nothing back that another cluster may have gone on from', () => {
    const scene = rotationScene(column, before);
    const outsiders = (scene.rotation?.outsiders ?? []).map((one) => (one.name === 'lockstep' ? { ...one, reliedOnBy: 'another' } : one)); // prettier-ignore
    const undoing = (one: Scene) => trustAuthority.steps(one, all).filter(({ id, undo }) => id.endsWith('-trust') && undo).map(({ id }) => id); // prettier-ignore
    expect(undoing(scene)).toEqual(['lockstep-trust', 'shop-trust']);
    expect(undoing(rotationScene(column, before, { outsiders }))).toEqual(['shop-trust']);
  });
});

describe("Lockstep's own certificate in a rotation", () => {
  const standing = (stand: Stand, more: Partial<OwnCertificate>) =>
    rotationScene(column, stand, { own: ownOf(stand.issuer, more) });
  const alone = (more: Partial<OwnCertificate>) => rotationScene(column, reissued, { own: ownOf(former, more) });
  const ids = (scene: Scene, parameters: Readonly<Record<string, string>> = {}) =>
    planOf(reissueCertificates, scene, { ...all, ...parameters }).sections.map(({ name }) => name);
  const own = ['own-lay', 'own-try', 'own-swap', 'own-see'];

  it('is issued anew before those of servers, with a login to each, and where no server is asked for alone', () => {
    const scene = rotationScene(column, trusting);
    expect(ids(scene).slice(0, 6)).toEqual(['prove', ...own, 'db2-stage']);
    expect(ids(scene, { server: 'db2' }).filter((id) => id.startsWith('own'))).toEqual([]);
    // What is left once all servers have theirs.
    expect(reissueCertificates.needed(alone({}), all)).toEqual({ observed: 'yes', why: 'not from next: the certificate that Lockstep presents' }); // prettier-ignore
    expect(ids(alone({}))).toEqual(['prove', ...own]);
  });

  it.each([
    ['files that are not its own', { fixed: 'Lockstep may not write into /etc/lockstep' }, /may not write into .*By hand: lockstep pki issue --authority next/], // prettier-ignore
    ['an authority whose key is nowhere here', { keptBy: undefined }, /key is not here.*By hand/],
    ['another cluster that keeps it', { keptBy: 'staging' }, /kept by the cluster staging.*--cluster staging/],
    ['another cluster that is not known to trust the new one', { presentedTo: [...ownOf(next).presentedTo, { cluster: 'staging', servers: ['s1'], authorities: ['former'] }] }, /presented to staging too/], // prettier-ignore
  ])('stays because of %s, which the plan says and the last round refuses', (_, more, words) => {
    const scene = alone(more as Partial<OwnCertificate>);
    expect(reissueCertificates.needed(scene, all).observed).toBe('no');
    const before = standing(trusting, more as Partial<OwnCertificate>);
    expect(ids(before).filter((id) => id.startsWith('own'))).toEqual([]);
    expect(reissueCertificates.remarks?.(before, all).join('\n')).toMatch(words);
    expect(distrustAuthority.refusals(scene, all)).toMatchObject([{ reason: 'still-in-use', why: expect.stringContaining('would lock itself out') as string }]); // prettier-ignore
  });

  it('keeps the old authority trusted while it is of that, or nobody can read it', () => {
    expect(distrustAuthority.refusals(alone({}), all)).toMatchObject([
      { reason: 'still-in-use', remedy: expect.stringContaining('reissue-certificates') as string },
    ]);
    expect(reasons(distrustAuthority, alone({ certificate: undefined }))).toEqual(['own-certificate-unseen']);
    expect(reasons(distrustAuthority, rotationScene(column, reissued))).toEqual([]);
  });

  it('is not changed where its accounts are bound to what it is now', () => {
    const pinned = (issuer: string) =>
      changed(alone({}), 'db3', (server) => ({
        ...server,
        facts: server.facts && { ...server.facts, accounts: { withoutTls: 0, streaming: [], listed: [], bound: [{ user: 'lockstep_operate', host: '%', subject: undefined, issuer }] } }, // prettier-ignore
      }));
    expect(reasons(reissueCertificates, pinned('/CN=production CA'))).toEqual(['account-pinned']);
    expect(reasons(reissueCertificates, pinned('/CN=next CA'))).toEqual([]);
  });
});

describe("a renewal of Lockstep's own certificate", () => {
  const day = 86_400;
  const asked = { cluster: 'production', what: 'both', when: 'due', order: 'replicas-first' };
  const left = (days: number, more: Partial<OwnCertificate> = {}): Scene => {
    const scene = rotationScene(column, trusting);
    const at = scene.snapshot.at / 1000;
    const present = certificate({ subject: 'O=Example, CN=lockstep', issuer: former.subject, fingerprint: '0c'.repeat(32), names: [], notBefore: at - 300 * day, notAfter: at + days * day }); // prettier-ignore
    return presenting(scene, ownOf(former, { certificate: present, ...more }));
  };
  const need = (scene: Scene, when = 'due') => renewCertificate.needed(scene, { ...asked, when }).observed;

  it('is due as those of servers are, from whom it came from, by whose runs it is kept', () => {
    expect([need(left(300)), need(left(20)), need(left(-1)), need(left(300), 'now')]).toEqual(['no', 'yes', 'yes', 'yes']); // prettier-ignore
    expect([
      need(left(20, { keptBy: 'staging' })),
      need(left(20, { keptBy: undefined } as unknown as Partial<OwnCertificate>)),
    ]).toEqual(['no', 'no']);
    expect(need(left(20, { certificate: undefined }))).toBe('unknown');
    expect(need(presenting(left(20), undefined))).toBe('no');
    const plan = planOf(renewCertificate, left(20), asked);
    const [action] = plan.sections[0]?.steps[0]?.plan ?? [];
    expect(action).toMatchObject({ act: 'stage', leaf: { authority: 'former', commonName: 'lockstep', use: 'client' }, place: { directory: '/etc/lockstep', below: 'client.pem.lockstep', certificate: 'client.pem', key: 'client.key' } }); // prettier-ignore
    expect(renewCertificate.refusals(left(20), asked)).toEqual([]);
    expect(renewCertificate.refusals(left(20, { fixed: 'Lockstep may not write into /etc/lockstep' }), asked)).toMatchObject([{ reason: 'own-files', remedy: expect.stringContaining('lockstep pki issue --authority former') as string }]); // prettier-ignore
    expect(renewCertificate.refusals(left(20, { keptBy: 'staging' }), asked)).toMatchObject([{ reason: 'own-kept-elsewhere' }]); // prettier-ignore
    const unknown = formerless(left(20, { keptBy: undefined } as unknown as Partial<OwnCertificate>));
    expect([need(unknown), renewCertificate.refusals(unknown, asked)]).toMatchObject(['yes', [{ reason: 'authority-unreadable' }]]); // prettier-ignore
  });
});

/** Where servers cannot be told, their primary is restarted by nobody: the plan is for a replica there. */
function goldenOf(procedure: Procedure, stand: Stand): void {
  goldenPlans(procedure, [
    {
      title: 'all, where they can be told',
      scene: (one) => rotationScene(one.reloadsTls ? one : (columns[0] ?? one), stand),
      parameters: procedure === trustAuthority ? { cluster: 'production' } : all,
    },
    {
      title: 'one replica',
      scene: (one) => rotationScene(one, stand),
      parameters: of('db2', procedure === trustAuthority ? {} : { acknowledged: 'reports' }),
    },
  ]);
}

goldenOf(trustAuthority, before);
goldenOf(reissueCertificates, trusting);
goldenOf(distrustAuthority, reissued);
