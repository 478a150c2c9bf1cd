import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { issue } from '../../src/pki/issue.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { crashCases } from './crash-cases.js';
import { isWhole } from './extent.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';

/** Whether everything is tried, or what belongs to every run of the tests. */
const whole = isWhole();

// The matrix lets whoever comes after a death succeed: here what is left to do goes wrong then.
await describeEach(
  'enable-tls that is killed, and fails when it goes on',
  (version) => {
    const mysql = version.startsWith('mysql');
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let server: SandboxServer;
    let lockstep: LockstepProcess;
    const crash = crashCases['enable-tls'];
    if (crash === undefined) throw new Error('enable-tls has no case');
    const at = (name: string) => path.join(server.tlsDirectory, name);
    const other = () => path.join(server.includeDirectory, 'zzz.cnf');
    const names = ['cert.pem', 'key.pem', 'ca.pem'];
    const bytes = () => names.map((name) => readFileSync(at(name), 'utf8'));

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      server = sandbox.server('db2');
      lockstep = await LockstepProcess.lay(sandbox);
    });
    afterAll(() => scope.end());

    interface Life {
      readonly title: string;
      readonly killedAt: string;
      /** What goes wrong from then on. */
      readonly spoil: () => void | Promise<void>;
      /** Where the next one dies as well, while it takes back. */
      readonly diesAt?: string;
      readonly why: RegExp;
      /** What a human puts right before it is told to go on. Default: nothing is needed. */
      readonly repair?: () => void;
      /** Of every run of the tests. */
      readonly always?: boolean;
    }

    const unknownOption = () => writeFileSync(other(), '[mysqld]\nno_such_option = 1\n');
    const brokenKey = () => writeFileSync(at('current/key.pem'), 'nothing of the sort');
    const another = async () => {
      const made = await issue(sandbox.authority, { commonName: 'another', use: 'server', names: [server.address.host] }); // prettier-ignore
      writeFileSync(at('current/cert.pem'), made.chainPem);
      writeFileSync(at('current/key.pem'), made.keyPem.reveal());
    };
    const invalid = /unknown variable 'no_such_option/;
    const notUp = mysql ? /offers no TLS/ : /ended with 1/;
    const lives: readonly Life[] = [
      { title: 'its configuration is not valid', killedAt: 'step:place:ends', spoil: unknownOption, why: invalid },
      { title: 'its configuration is not valid', killedAt: 'step:configure:ends', spoil: unknownOption, why: invalid },
      {
        title: 'another file takes it back',
        killedAt: 'step:configure:begins',
        spoil: () => writeFileSync(other(), `[mysqld]\n${mysql ? "tls_version = ''" : 'skip_ssl'}\n`),
        why: mysql ? /tls-version would be/ : /ssl would be FALSE/,
      },
      {
        title: 'the server does not come up with it',
        killedAt: 'section:configure:ends',
        spoil: brokenKey,
        why: notUp,
      },
      { title: 'the server does not come up with it', killedAt: 'step:turn-on:begins', spoil: brokenKey, diesAt: 'undo:turn-on:begins', why: notUp, always: true }, // prettier-ignore
      { title: 'it serves another', killedAt: 'step:turn-on:ends', spoil: another, why: /not the one that was made/ },
      { title: 'it serves another', killedAt: 'step:turn-on:begins', spoil: another, diesAt: 'undo:turn-on:ends', why: /not the one that was made/ }, // prettier-ignore
      { title: 'its configuration is not valid', killedAt: 'step:configure:ends', spoil: unknownOption, diesAt: 'undo:configure:ends', why: invalid }, // prettier-ignore
      { title: 'its configuration is not valid', killedAt: 'step:configure:ends', spoil: unknownOption, diesAt: 'undo:place:ends', why: invalid }, // prettier-ignore
      {
        title: 'the server starts with nothing at all, which a human puts right',
        killedAt: 'step:turn-on:begins',
        spoil: unknownOption,
        why: /could not be taken back/,
        repair: () => rmSync(other()),
      },
    ];

    it.each(lives.filter(({ always }) => whole || always === true))(
      'killed at $killedAt, and $title: all of it is put back',
      async ({ killedAt, spoil, diesAt, why, repair }) => {
        await crash.provoke(sandbox);
        const [before, kept] = [await crash.state(sandbox), bytes()];
        await lockstep.start({ LOCKSTEP_FAULT: `${killedAt}=kill` });
        const { id } = await lockstep.run({ procedure: 'enable-tls', parameters: crash.parameters });
        await until('it to die', () => !lockstep.child.alive, { within: 60_000 });
        await spoil();
        if (diesAt !== undefined) {
          await lockstep.start({ LOCKSTEP_FAULT: `${diesAt}=kill` });
          await until('the next one to die', () => !lockstep.child.alive, { within: 90_000 });
        }
        await lockstep.start();
        let run = await lockstep.until(
          id,
          'done with',
          ({ state }) => ['ended', 'needs-human'].includes(state),
          90_000,
        );
        if (repair !== undefined) {
          expect(run.state, run.why).toBe('needs-human');
          expect(run.why).toMatch(why);
          repair();
          await lockstep.api('POST', `/runs/${id}/resume`);
          run = await lockstep.until(id, 'ended', ({ state }) => state === 'ended', 60_000);
        }
        expect([run.state, run.outcome], run.why).toEqual(['ended', 'rolled-back']);
        if (repair === undefined) expect(run.why).toMatch(why);
        rmSync(other(), { force: true });
        await until('the state of before', async () => (await crash.state(sandbox)) === before, { within: 10_000 });
        expect(bytes()).toEqual(kept);
        expect(readdirSync(server.tlsDirectory)).not.toContain('next');
        // And so it starts.
        await server.restart(1500);
        await untilReplicating(server);
        expect(await crash.state(sandbox)).toBe(before);
        await lockstep.stop();
        await crash.mend(sandbox);
      },
      240_000,
    );
  },
  oneOfEach,
);
