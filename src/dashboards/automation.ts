import { downtimes, journal, pauses, alertsTaken, requestsRefused } from './automation-intake.js';
import { figures, openRuns } from './automation-now.js';
import { primaryChanges } from './automation-changes.js';
import { durations, endedRuns, lastSuccesses, refusals, sections } from './automation-runs.js';
import { announcements, drills, longWork, readers, readiness, verifications } from './automation-verification.js';
import { board, type Board } from './board.js';
import { uids } from './links.js';

/** What Lockstep has done, does and waits for, and whether it hears and remembers. */
export function automation(): Board {
  return board({
    uid: uids.automation,
    title: 'Lockstep / Automation',
    description: 'Runs of procedures, the guards that hold them back, the alerts that ask for them, and the journal.',
    sections: [
      {
        title: 'Now',
        pieces: [
          ...figures(),
          { panel: openRuns(), width: 14, height: 7 },
          { panel: longWork(), width: 10, height: 7 },
          { panel: readiness(), width: 12, height: 7 },
          { panel: drills(), width: 12, height: 7 },
          { panel: announcements(), width: 12, height: 7 },
          { panel: readers(), width: 12, height: 7 },
        ],
      },
      {
        title: 'Runs that ended',
        pieces: [
          { panel: endedRuns(), width: 12, height: 9 },
          { panel: durations(), width: 12, height: 9 },
          { panel: refusals(), width: 8, height: 8 },
          { panel: lastSuccesses(), width: 8, height: 8 },
          { panel: sections(), width: 8, height: 8 },
          { panel: primaryChanges(), width: 24, height: 6 },
          { panel: verifications(), width: 24, height: 7 },
        ],
      },
      {
        title: 'What comes in',
        pieces: [
          { panel: alertsTaken(), width: 12, height: 7 },
          { panel: requestsRefused(), width: 12, height: 7 },
        ],
      },
      {
        title: 'Journal and switches',
        pieces: [
          { panel: journal(), width: 24, height: 5 },
          { panel: pauses(), width: 12, height: 7 },
          { panel: downtimes(), width: 12, height: 7 },
        ],
      },
    ],
  });
}
