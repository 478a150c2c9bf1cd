import { parseArgs } from 'node:util';
import { LockstepError } from '../src/base/errors.js';
import { Scope } from '../src/base/scope.js';
import { resetReplica, stopReplica } from '../src/dialects/replication-statements.js';
import { Admin } from '../src/sandbox/admin.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import { onServers } from './on-servers.js';
import { copiers, type Copier } from './rebuild-copies.js';
import { rebuildText, type Rebuilt } from './rebuild-report.js';
import { emptied, openRebuildStage, slow, type Stage } from './rebuild-stage.js';
import { countOf, say } from './run.js';

const usage = `Builds a replica anew, by Lockstep's methods and by plain tools in turn, from the copy to the attached replica.

  npm run bench:rebuild -- [--server VERSION] [--kind KIND] [--megabytes COUNT] [--rounds COUNT] [--quick]

  --server     mariadb-10.11 or mysql-9.7 (default both, one after the other)
  --kind       files, ssh or rows: methods that copy the one or the other; ssh: files between two machines (default all)
  --megabytes  of the donor's tables, about (default 2200)
  --rounds     of all, one after the other (default 3)
  --quick      20 MB, once: shows that the benchmark works, not how fast anything is`;

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    kind: { type: 'string' },
    megabytes: { type: 'string', default: '2200' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const { kind } = values;
if (kind !== undefined && kind !== 'files' && kind !== 'ssh' && kind !== 'rows')
  throw new LockstepError('bad-option', `--kind ${kind} is not a kind of copy`, 'Use files, ssh or rows.');

if (values.help) process.stdout.write(`${usage}\n`);
else
  await onServers(values.server, async (version, signal) => {
    const scope = new Scope();
    try {
      const stage = await openRebuildStage(scope, version, values.quick ? 20 : countOf(values.megabytes));
      const rebuilt: Rebuilt[] = [];
      for (let round = 1; round <= (values.quick ? 1 : countOf(values.rounds)); round += 1)
        for (const copier of copiers[stage.cluster.version.flavour].filter(
          (one) => kind === undefined || one.kind === kind,
        )) {
          const one = await measured(copier, stage, signal);
          say(`${version}, round ${round}, ${copier.title}: ${(one.milliseconds / 1000).toFixed(1)} s, the slowest commit on the donor ${one.slowestCommit.toFixed(0)} ms`); // prettier-ignore
          rebuilt.push(one);
        }
      return rebuildText(rebuilt, stage);
    } finally {
      await scope.end();
    }
  });

/** From an empty target that stands beside the donor to a replica that has what the donor has by then. */
async function measured(copier: Copier, stage: Stage, signal: AbortSignal): Promise<Rebuilt> {
  const { cluster, donor, target } = stage;
  await emptied(stage);
  const beat = beats(donor.socketPath);
  const began = performance.now();
  try {
    const position = await copier.copy(stage, signal);
    // What mariadb-dump brought is a channel without a source.
    await target.sql(stopReplica(target.column, '')).catch(() => undefined);
    if (position !== '') await target.run(['RESET MASTER', `SET GLOBAL gtid_slave_pos = '${position}'`]);
    else await target.sql(resetReplica(target.column, ''));
    await cluster.follow(target, donor);
    await untilCaughtUp(target, donor, { seconds: 600 });
    const milliseconds = performance.now() - began;
    const slowestCommit = await beat.end();
    const tables = 'wiki.page, wiki.revision, wiki.text_1, wiki.text_2, wiki.text_3';
    const sums = await Promise.all([donor, target].map((one) => one.sql(`CHECKSUM TABLE ${tables}`, slow)));
    if (JSON.stringify(sums[0]) !== JSON.stringify(sums[1])) throw new Error(`${copier.title} copied something else: ${JSON.stringify(sums)}`); // prettier-ignore
    return { copier, milliseconds, slowestCommit };
  } finally {
    await beat.end();
  }
}

/** A row after the other on the donor; how long the slowest took is how long somebody waited. */
function beats(socketPath: string): { end(): Promise<number> } {
  const session = new Admin(socketPath);
  let [over, slowest] = [false, 0];
  const done = (async () => {
    while (!over) {
      const began = performance.now();
      await session.query('INSERT INTO wiki.beat VALUES (NULL)', 600_000);
      slowest = Math.max(slowest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await session.close();
  })();
  return {
    end: async () => {
      over = true;
      await done;
      return slowest;
    },
  };
}
