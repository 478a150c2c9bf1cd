// node appender.mjs DIRECTORY: opens the journal and appends for ever, eight at a time, in short segments; drops old
// ones now and then, and sets space aside. Says `held PID`, then `SEQ HASH WORKER COUNT` for each entry as soon as it is acknowledged.

import { writeSync } from 'node:fs';
import { systemClock } from '../../dist/base/clock.js';
import { openFileJournal } from '../../dist/journal/file-journal.js';

const journal = await openFileJournal({ directory: process.argv[2], clock: systemClock, segmentBytes: 20_000 }).catch(
  (failure) => {
    writeSync(1, `${failure.code}\n`);
    process.exit(3);
  },
);
writeSync(1, `held ${process.pid}\n`);
await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));

async function work(worker) {
  let reservation;
  for (let count = 0; ; count += 1) {
    const text = 'x'.repeat((count * 37 + worker * 101) % 900);
    const { seq, hash } = await journal.append({ pid: process.pid, worker, count, text }, { reservation });
    writeSync(1, `${seq} ${hash} ${worker} ${count}\n`);
    if (worker === 0 && count % 50 === 49) await journal.prune(journal.head.seq - 600);
    if (worker < 2 && count % 20 === 9) reservation = await journal.reserve(8_000);
    if (worker < 2 && count % 20 === 19) await reservation?.release();
  }
}
