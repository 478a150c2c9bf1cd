import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openAnnouncer } from '../../src/announce/open.js';
import { db1, db2, directory, local, patient, shop } from './stage.js';

const pillar = `{% if true %}
infra:
  hosts_entries: # of all
    masterdb: 192.0.2.1
{% endif %}
`;

function stage(script?: string, folder = directory()) {
  const file = path.join(folder, 'production.sls');
  const program = path.join(folder, 'apply');
  writeFileSync(file, pillar);
  if (script !== undefined) writeFileSync(program, script, { mode: 0o755 });
  const apply = script === undefined ? undefined : ({ kind: 'command', argv: [program] } as const);
  const settings = { kind: 'salt-pillar', name: 'salt', file, key: 'infra:hosts_entries:masterdb', addresses: {}, apply } as const; // prettier-ignore
  const announcer = openAnnouncer(settings, shop, { machine: local({ programs: [program] }), here: true });
  return { announcer, folder, content: () => readFileSync(file, 'utf8') };
}

it('changes the one value, and can be asked for it', async () => {
  const { announcer, content } = stage();
  await announcer.prepare(db2, patient);
  expect(await announcer.read(patient)).toEqual({ found: '192.0.2.1', says: 'db1', holding: false });
  await announcer.announce(db2, patient);
  expect(content()).toBe(pillar.replace('192.0.2.1', '192.0.2.2'));
  expect(await announcer.read(patient)).toEqual({ found: '192.0.2.2', says: 'db2', holding: false });
  await announcer.restore(db1, patient);
  expect(content()).toBe(pillar);
  await announcer.close();
});

it('then runs what brings it to the minions, and is not right until that succeeded', async () => {
  const { announcer, folder } = stage('#!/bin/sh\ncd "${0%/*}"; echo "$LOCKSTEP_ADDRESS" >> ran; [ -e works ] || { echo no minion >&2; exit 2; }\n'); // prettier-ignore
  const ran = path.join(folder, 'ran');
  await announcer.prepare(db2, patient);
  await announcer.restore(db1, patient);
  expect(existsSync(ran)).toBe(false);
  await expect(announcer.announce(db2, patient)).rejects.toThrow('ended with 2: no minion');
  await expect(announcer.read(patient)).rejects.toThrow(
    /the pillar says 192\.0\.2\.2, which was not applied: .*no minion/,
  );
  writeFileSync(path.join(folder, 'works'), '');
  await announcer.announce(db2, patient);
  expect(await announcer.read(patient)).toMatchObject({ says: 'db2' });
  await announcer.restore(db1, patient);
  await announcer.restore(db1, patient);
  expect(readFileSync(ran, 'utf8')).toBe('192.0.2.2\n192.0.2.2\n192.0.2.1\n');
});

it('applies what a process that died may have left in the file alone', async () => {
  const script = '#!/bin/sh\necho "$LOCKSTEP_ADDRESS" >> "${0%/*}/ran"\n';
  const { announcer, folder } = stage(script);
  const ran = path.join(folder, 'ran');
  await announcer.announce(db2, patient);
  const next = stage(script, folder).announcer;
  await next.restore(db1, patient);
  await next.restore(db1, patient);
  expect(readFileSync(ran, 'utf8')).toBe('192.0.2.2\n192.0.2.1\n');
});
