import { deadline } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import type { Parameters, Scene } from '../domain/scene.js';
import { recalled, type BookedRun } from './book.js';
import { verdictsOf, type Asked, type Sight } from './guards.js';
import { planOf, type Plan } from './plan.js';
import type { SceneObserver } from './ports.js';
import type { Need, Procedure } from './procedure.js';
import type { GuardVerdict } from './run.js';
import type { Shop } from './shop.js';

/** What is seen, what would be done, and what stands against it. */
export interface Considered {
  readonly scene: Scene;
  readonly need: Need;
  readonly plan: Plan | undefined;
  readonly verdicts: readonly GuardVerdict[];
  readonly remarks: readonly string[];
}

/** How long the look before a decision may take, milliseconds: a server that hangs is then one that cannot be asked. */
const lookWithin = 15_000;
/** Servers with very many tables take long to tell how large they are. */
const surveyWithin = 60_000;

/** Looks for itself, plans, and asks every guard. Nothing is changed. */
export async function consider(
  shop: Shop,
  procedure: Procedure,
  asked: Asked,
  signal: AbortSignal,
): Promise<Considered> {
  const { parameters } = asked;
  const limit = deadline(lookWithin, signal);
  try {
    const seen = await shop.ports.observer.look(
      parameters.cluster,
      limit.signal,
      asked.mode === 'plan' ? 'recent' : procedure.looks,
    );
    const silence = await silenceOf(shop, asked, limit.signal);
    const scene = recalled(seen, shop.book);
    return judge(
      shop,
      procedure,
      asked,
      { ...scene, ...(await surveyed(shop, procedure, asked, scene, signal)) },
      silence,
    );
  } finally {
    limit.clear();
  }
}

/** Only where it is needed: it costs more than a look. */
async function surveyed(
  shop: Shop,
  procedure: Procedure,
  { parameters }: Asked,
  scene: Scene,
  signal: AbortSignal,
): Promise<Pick<Scene, 'surveys' | 'nextStarts'>> {
  const { observer } = shop.ports;
  if (procedure.surveys === undefined && procedure.nextStarts === undefined) return {};
  if (procedure.needed(scene, parameters).observed !== 'yes') return {};
  const limit = deadline(surveyWithin, signal);
  try {
    const [surveys, nextStarts] = await Promise.all([
      procedure.surveys && observer.survey?.(parameters.cluster, procedure.surveys(scene, parameters), limit.signal),
      nextStartsFor(observer, procedure, scene, parameters, limit.signal),
    ]);
    return { ...(surveys && { surveys }), ...nextStarts };
  } finally {
    limit.clear();
  }
}

/** What a restart would change, of the servers for which the procedure asks; nothing where it asks for none. */
export async function nextStartsFor(
  observer: SceneObserver,
  procedure: Procedure,
  scene: Scene,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Pick<Scene, 'nextStarts'>> {
  const wanted = procedure.nextStarts?.(scene, parameters) ?? [];
  const nextStarts = wanted.length === 0 ? undefined : await observer.nextStarts?.(parameters.cluster, wanted, signal);
  return nextStarts === undefined ? {} : { nextStarts };
}

export function askedBy(run: BookedRun): Asked {
  const { id, key, parameters, mode, trigger, limits, approval } = run;
  return { id, key, parameters, mode, trigger, limits, approval };
}

function judge(shop: Shop, procedure: Procedure, asked: Asked, scene: Scene, silence: Sight['silence']): Considered {
  try {
    const need = procedure.needed(scene, asked.parameters);
    const possible = need.observed === 'yes' && procedure.refusals(scene, asked.parameters).length === 0;
    const plan = possible ? planOf(procedure, scene, asked.parameters) : undefined;
    const verdicts = verdictsOf({
      at: shop.ports.clock.now(),
      request: asked,
      procedure,
      locks: (name) => shop.procedure(name).locks,
      scene,
      need,
      plan,
      book: shop.book,
      claims: shop.claims.values(),
      rules: shop.rules(),
      pauseFileExists: shop.rules().pauseFileExists(),
      silence,
    });
    const remarks = possible ? (procedure.remarks?.(scene, asked.parameters) ?? []) : [];
    return { scene, need, plan, verdicts, remarks };
  } catch (cause) {
    // A configuration that changed since it was asked: the server is no longer there, for instance.
    const why = messageOf(cause);
    shop.log.error({ error: why, procedure: procedure.name }, 'a procedure could not be considered');
    const refusal = { guard: 'parameters', why, remedy: undefined } as const;
    return { scene, need: { observed: 'unknown', why }, plan: undefined, verdicts: [refusal], remarks: [] };
  }
}

async function silenceOf(shop: Shop, { trigger, mode }: Asked, signal: AbortSignal): Promise<Sight['silence']> {
  if (trigger.kind !== 'alert' || mode === 'plan') return 'no';
  return shop.ports.silences.covers(trigger.labels, signal);
}
