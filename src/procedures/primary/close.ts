import type { Column } from '../../dialects/capabilities.js';
import { closeServer, isClosed, strongest } from '../../dialects/read-only.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { columnOf, viewOf } from '../view.js';

/** Makes a server read-only at the strongest level that its version has, past whatever it is now. */
export function close(server: ServerName, column: Column): Step {
  return {
    id: `close-${server}`,
    title: `Make ${server} read-only (${strongest(column)})`,
    plan: [change(server, ...closeServer(column))],
    done: (seen) => isShut(seen, server),
    within: 15,
    attempts: 3,
  };
}

/** Whether nobody that read_only can bind may write there. */
export function isShut(seen: Seen, server: ServerName): boolean {
  const facts = viewOf(seen).server(server)?.facts;
  return facts?.state !== undefined && isClosed(columnOf(facts), facts.state);
}
