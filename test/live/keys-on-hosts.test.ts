import { X509Certificate, createPrivateKey } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { Host } from '../../src/hosts/host.js';
import { enableTls } from '../../src/procedures/certificates/enable-tls.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesKept } from '../../src/sandbox/configuration.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { serviceOf } from '../../src/sandbox/service.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench, textOf } from './workbench.js';

await describeEach(
  'keys that are made on the hosts',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    /** All bytes and words that went between Lockstep and the machines. */
    const passed: string[] = [];
    const at = (server: SandboxServer, name: string) => path.join(server.tlsDirectory, name);

    /** Lines of a key as they stand in its file. */
    function linesOf(server: SandboxServer, name: string): readonly string[] {
      const lines = readFileSync(at(server, name), 'utf8').split('\n');
      const inner = lines.filter((line) => line.length > 20 && !line.startsWith('-----'));
      expect(inner.length).toBeGreaterThan(10);
      return inner;
    }

    function matches(server: SandboxServer, pair: string, key: string): boolean {
      return new X509Certificate(readFileSync(at(server, pair))).checkPrivateKey(
        createPrivateKey(readFileSync(at(server, key))),
      );
    }

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      const words = await Promise.all(sandbox.servers.map(async (server) => [server.name, await serviceOf(scope, server)] as const)); // prettier-ignore
      bench = await Workbench.open(scope, sandbox, certificatesKept(sandbox, { keys: 'host' }, Object.fromEntries(words))); // prettier-ignore
      const { certificates } = bench.reach;
      if (certificates === undefined) throw new Error('no certificates');
      const host = (name: string) => {
        const real = certificates.host(name);
        return real && overheard(real, passed);
      };
      bench.reach = { ...bench.reach, certificates: { ...certificates, host } };
    });
    afterAll(() => scope.end());

    it('renews certificates with keys whose bytes never pass Lockstep', async () => {
      const server = sandbox.server('db2');
      const before = readFileSync(at(server, 'key.pem'), 'utf8');
      const old = ['key.pem', 'client-key.pem'].flatMap((name) => linesOf(server, name));
      const ran = await bench.run(renewCertificate, bench.parameters({ server: 'db2', what: 'both', when: 'now', order: 'any' })); // prettier-ignore
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(readFileSync(at(server, 'key.pem'), 'utf8')).not.toBe(before);
      expect(matches(server, 'cert.pem', 'key.pem')).toBe(true);
      expect(matches(server, 'client-cert.pem', 'client-key.pem')).toBe(true);
      expect(lstatSync(at(server, 'current/key.pem')).mode & 0o777).toBe(0o600);
      const fresh = ['key.pem', 'client-key.pem'].flatMap((name) => linesOf(server, name));
      const all = [...passed, JSON.stringify(ran.notes), textOf(ran)].join('\n');
      expect(all).toContain('CERTIFICATE REQUEST');
      for (const line of ['PRIVATE KEY', ...old, ...fresh]) expect(all).not.toContain(line);
      // Nothing of how they were made and tried, beside the word that says which generation it is.
      for (const generation of ['a', 'b'])
        expect(readdirSync(at(server, generation)).filter((name) => !name.endsWith('.pem'))).toEqual(['.generation']); // prettier-ignore
      await untilReplicating(server);
    });

    it('refuse one that belongs to another, and put back the bytes that were there', async () => {
      const server = sandbox.server('db2');
      const kept = ['cert.pem', 'key.pem', 'client-key.pem'].map((name) => readFileSync(at(server, name), 'utf8'));
      const ran = await bench.run(
        renewCertificate,
        bench.parameters({ server: 'db2', what: 'server', when: 'now', order: 'any' }),
        {
          // prettier-ignore
          at: { 'step:rehearse:begins': () => writeFile(at(server, 'next/key.pem'), kept[1] ?? '') },
        },
      );
      expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse'] });
      expect(ran.why).toMatch(/is not the one of/);
      expect(['cert.pem', 'key.pem', 'client-key.pem'].map((name) => readFileSync(at(server, name), 'utf8'))).toEqual(kept); // prettier-ignore
    });

    it('turn TLS on', async () => {
      const server = sandbox.server('db2');
      server.setTls('off');
      await server.restart(1500);
      const ran = await bench.run(enableTls, bench.parameters({ server: 'db2' }));
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(matches(server, 'cert.pem', 'key.pem')).toBe(true);
      const all = passed.join('\n');
      for (const line of ['PRIVATE KEY', ...linesOf(server, 'key.pem')]) expect(all).not.toContain(line);
      await untilReplicating(server);
    });

    it('stand in no log, journal or file of Lockstep', async () => {
      const lockstep = await LockstepProcess.lay(sandbox, {}, { server_tls: { authority: 'sandbox', directory: sandbox.primary.tlsDirectory, keys: 'host' } }); // prettier-ignore
      await lockstep.start();
      const parameters = { cluster: 'sandbox', server: 'db1', what: 'both', when: 'now', order: 'any' };
      const run = await lockstep.ended((await lockstep.run({ procedure: 'renew-certificate', parameters })).id);
      expect(run.outcome, run.why).toBe('succeeded');
      expect(matches(sandbox.primary, 'cert.pem', 'key.pem')).toBe(true);
      const issued = readFileSync(path.join(sandbox.authority.directory, 'issued.jsonl'), 'utf8');
      const said = (await lockstep.said()) + issued;
      for (const line of ['PRIVATE KEY', ...linesOf(sandbox.primary, 'key.pem')]) expect(said).not.toContain(line);
      await lockstep.stop();
    });
  },
  oneOfEach,
);

/** What is read, written, run and answered is written down. */
function overheard(host: Host, passed: string[]): Host {
  const note = (value: unknown): void => {
    if (Buffer.isBuffer(value)) passed.push(value.toString());
    else if (value instanceof Secret) passed.push(value.reveal());
    else if (typeof value === 'string') passed.push(value);
    else if (Array.isArray(value)) value.forEach(note);
    else if (typeof value === 'object' && value !== null && !(value instanceof AbortSignal)) Object.values(value).forEach(note); // prettier-ignore
  };
  return new Proxy(host, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]): unknown => {
        note(words);
        const answer: unknown = (value as (...given: unknown[]) => unknown).apply(target, words);
        return answer instanceof Promise ? answer.then((said: unknown) => (note(said), said)) : answer;
      };
    },
  });
}
