import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Announcer } from '../../src/announce/announcer.js';
import { openAnnouncer } from '../../src/announce/open.js';
import { until } from '../../src/sandbox/until.js';
import { db1, db2, directory, local, patient, shop } from './stage.js';

const script = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
env | grep ^LOCKSTEP_ | sort | tr '\\n' ' ' >> told
echo >> told
[ "$1" = 'two words' ] || exit 8
case $LOCKSTEP_ACT in
  announce) echo "$LOCKSTEP_ADDRESS:$LOCKSTEP_PORT" > now ;;
  hold) echo holding > held ;;
  restore) rm -f held ;;
  read) cat now; cat held 2>/dev/null; true ;;
esac
`;

function announcer(content = script, more: object = {}): { announcer: Announcer; folder: string } {
  const folder = directory();
  const program = path.join(folder, 'announce');
  writeFileSync(program, content, { mode: 0o755 });
  const settings = { kind: 'command', name: 'dns', argv: [program, 'two words'], reads: true, holdSeconds: 4, ...more } as const; // prettier-ignore
  return { announcer: openAnnouncer(settings, shop, { machine: local({ programs: [program] }), here: true }), folder };
}

it('is told by variables what to do, and prints what applications hear', async () => {
  const { announcer: dns, folder } = announcer();
  await dns.prepare(db2, patient);
  await dns.announce(db1, patient);
  await dns.hold(db1, patient);
  expect(await dns.read(patient)).toEqual({ found: '192.0.2.1:3306', says: 'db1', holding: true });
  await dns.announce(db2, patient);
  await dns.restore(db2, patient);
  expect(await dns.read(patient)).toEqual({ found: '192.0.2.2:3307', says: 'db2', holding: false });
  const about = 'LOCKSTEP_CLUSTER=shop';
  expect(readFileSync(path.join(folder, 'told'), 'utf8').split('\n').slice(0, 4)).toEqual([
    `LOCKSTEP_ACT=prepare LOCKSTEP_ADDRESS=192.0.2.2 ${about} LOCKSTEP_NAMES=masterdb LOCKSTEP_PORT=3307 LOCKSTEP_PRIMARY=db2 `,
    `LOCKSTEP_ACT=announce LOCKSTEP_ADDRESS=192.0.2.1 ${about} LOCKSTEP_NAMES=masterdb LOCKSTEP_PORT=3306 LOCKSTEP_PRIMARY=db1 `,
    `LOCKSTEP_ACT=hold LOCKSTEP_ADDRESS=192.0.2.1 ${about} LOCKSTEP_HOLD_SECONDS=4 LOCKSTEP_NAMES=masterdb LOCKSTEP_PORT=3306 LOCKSTEP_PRIMARY=db1 `,
    `LOCKSTEP_ACT=read ${about} LOCKSTEP_NAMES=masterdb `,
  ]);
});

it('says what it said when it failed', async () => {
  const { announcer: dns } = announcer('#!/bin/sh\necho the zone is locked >&2\nexit 3\n');
  await expect(dns.prepare(db2, patient)).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringMatching(
      /announce two words \(LOCKSTEP_ACT=prepare\) ended with 3: the zone is locked/,
    ) as unknown,
  });
  const { announcer: silent } = announcer('#!/bin/sh\n');
  await expect(silent.read(patient)).rejects.toThrow('printed nothing');
});

it('is not run for what it cannot do', async () => {
  const { announcer: dns } = announcer('#!/bin/sh\nexit 1\n', { reads: false, holdSeconds: undefined });
  await dns.hold(db2, patient);
  expect(await dns.read(patient)).toBeUndefined();
  expect(dns.site).toMatchObject({ holds: false, readsBack: false });
});

it('is ended when it hangs', async () => {
  const { announcer: dns, folder } = announcer('#!/bin/sh\necho $$ > "${0%/*}/pid.new"; mv "${0%/*}/pid.new" "${0%/*}/pid"\nexec sleep 600\n'); // prettier-ignore
  const file = path.join(folder, 'pid');
  const given = new AbortController();
  const announced = dns.announce(db2, given.signal);
  await until('it to run', () => Promise.resolve(existsSync(file)));
  given.abort(new Error('given up'));
  await expect(announced).rejects.toThrow('given up');
  const pid = Number(readFileSync(file, 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});

it('means a server by its address alone only where that is clear', async () => {
  const { announcer: dns } = announcer('#!/bin/sh\necho 192.0.2.1\n');
  expect(await dns.read(patient)).toMatchObject({ says: 'db1' });
  const folder = directory();
  const program = path.join(folder, 'announce');
  writeFileSync(program, '#!/bin/sh\necho 192.0.2.1\n', { mode: 0o755 });
  const twin = { name: 'db3', address: { host: '192.0.2.1', port: 3309 } };
  const settings = { kind: 'command', name: 'dns', argv: [program], reads: true, holdSeconds: undefined } as const;
  const twins = openAnnouncer(settings, { ...shop, servers: [db1, twin] }, { machine: local({ programs: [program] }), here: true }); // prettier-ignore
  expect(await twins.read(patient)).toEqual({ found: '192.0.2.1', says: undefined, holding: false });
});
