import { coordinatesAt, gtidPosition, mustBeClosed } from '../../dialects/primary-statements.js';
import type { Candidate } from '../../domain/candidates.js';
import type { ServerFacts } from '../../domain/snapshot.js';
import type { Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { close, isShut } from '../primary/close.js';
import { isOpen } from '../primary/promote.js';
import { columnOf } from '../view.js';
import type { Sight } from './sight.js';

/** What a fence is to a dead primary: one that came back is closed as firmly as it can be. */
export function keepClosed(sight: Sight, { server }: Candidate): Step {
  const { primary } = sight;
  return { ...close(primary, columnOf(factsOf(sight))), done: (seen) => isOpen(seen, server) || isShut(seen, primary) };
}

/** By its own word, at the last moment before the promotion: whatever was written there since would be lost. */
export function stillStands(sight: Sight, { server, channel }: Candidate, section: string): Step {
  const { primary } = sight;
  const facts = factsOf(sight);
  const column = columnOf(facts);
  const { gtid, binlog } = facts;
  const position = gtid?.kind === 'mysql' ? gtid.executed.replaceAll('\n', '') : gtid?.binlogPos;
  return {
    id: 'stands',
    section,
    title: `See that ${primary} is closed still, and has written nothing since it was compared with ${server}`,
    plan: [
      change(
        primary,
        { ...mustBeClosed(column), notes: { closed: 'stands' } },
        ...(position === undefined ? [] : [{ ...gtidPosition(column), expect: position }]),
        ...(channel.gtid.mode === 'off' && binlog?.current !== undefined
          ? [coordinatesAt(column, binlog.current)]
          : []),
      ),
    ],
    done: (seen) => isOpen(seen, server) || seen.notes['stands'] !== undefined,
    within: 10,
  };
}

function factsOf({ view, primary }: Sight): ServerFacts {
  const facts = view.server(primary)?.facts;
  if (facts === undefined) throw new Error(`${primary} was not asked`);
  return facts;
}
