import { columnFor, type Column } from '../../../dialects/capabilities.js';
import { detection, identify, type Detected } from '../../../dialects/detect.js';
import type { Session } from '../../../mysql/session.js';

/** Who answers on this session, and how its dialect speaks. */
export async function identityOf(
  session: Session,
  signal: AbortSignal,
): Promise<Detected & { readonly words: Column }> {
  const [rows] = await session.query(detection, { signal });
  const identity = identify(rows?.[0] ?? {});
  return { ...identity, words: columnFor(identity) };
}
