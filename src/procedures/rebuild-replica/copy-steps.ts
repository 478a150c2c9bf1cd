import { plainSql } from '../../domain/action.js';
import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { programOf, type Subject } from './subject.js';

/** Where the data lie, learned before anything is touched. */
export const notes = { here: 'data', there: 'donor-data', copied: 'copied', swapped: 'swapped', kept: 'discarded' };
/** However large: three days, seconds. */
const atMost = 3 * 86_400;

/** Up to the moment in which the server runs on the copy. */
export function copySteps(scene: Scene, subject: Subject): readonly Step[] {
  const { name, donor, method, here, there, service, primary } = subject;
  const operate = scene.site.accounts.operate;
  // Whoever copies by CLONE logs in from the target; a backup logs in at its own server.
  const tls = (method === 'clone' ? here : there)?.replicationTls;
  if (donor === undefined || method === undefined || service === undefined || there === undefined) return [];
  if (operate === undefined || tls === undefined || primary === undefined) return [];
  return [
    {
      id: 'places',
      title: `Learn where ${name} and ${donor.server} keep their data`,
      plan: [change(name, dataDirectory(notes.here)), change(donor.server, dataDirectory(notes.there))],
      done: (seen) => seen.notes[notes.here] !== undefined && seen.notes[notes.there] !== undefined,
    },
    {
      id: 'copy',
      title: `Copy ${donor.server} beside what ${name} holds, which goes on as it is`,
      plan: [
        {
          kind: 'copy',
          method,
          from: donor.server,
          on: name,
          address: there.address,
          user: operate,
          tls: { caFile: tls.caFile, certFile: tls.certFile, keyFile: tls.keyFile },
          programs:
            method === 'clone'
              ? {}
              : {
                  backup: programOf(here, 'mariadb-backup', 'mariabackup'),
                  stream: programOf(here, 'mbstream'),
                  chown: programOf(here, 'chown'),
                },
          data: { from: notes.there, on: notes.here },
          noteAs: notes.copied,
        },
      ],
      done: (seen) => seen.notes[notes.copied] !== undefined,
      within: atMost,
    },
    {
      id: 'swap',
      title: `Let ${name} run on the copy; what it held is kept aside`,
      plan: [{ kind: 'swap', on: name, service, data: notes.here, noteAs: notes.swapped }],
      done: (seen) => seen.notes[notes.swapped] !== undefined,
      within: 900,
    },
  ];
}

export function discardStep(name: ServerName): Step {
  return {
    id: 'discard',
    title: `Remove what ${name} held before`,
    plan: [{ kind: 'discard', on: name, data: notes.here, noteAs: notes.kept }],
    done: (seen) => seen.notes[notes.kept] !== undefined,
    within: 900,
  };
}

function dataDirectory(note: string) {
  return { ...plainSql("SELECT TRIM(TRAILING '/' FROM @@datadir) AS data"), notes: { data: note } };
}
