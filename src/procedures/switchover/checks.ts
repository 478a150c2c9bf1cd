import type { Parameters, Scene } from '../../domain/scene.js';
import { announcerChecks } from './checks/announcers.js';
import type { Check, Objection } from './checks/check.js';
import { replicationChecks } from './checks/replication.js';
import { settingsChecks } from './checks/settings.js';
import { tlsChecks } from './checks/tls.js';
import { pictureObjections, topologyChecks } from './checks/topology.js';
import { subjectOf } from './subject.js';

/** In the order in which a person would mend what they find. */
export const checks: readonly Check[] = [
  ...topologyChecks,
  ...replicationChecks,
  ...settingsChecks,
  ...tlsChecks,
  ...announcerChecks,
];

/** Everything that stands against it at once; nothing has been done to find out. */
export function objectionsTo(scene: Scene, parameters: Parameters): readonly Objection[] {
  const picture = pictureObjections(scene, parameters);
  const subject = subjectOf(scene, parameters);
  if (picture.length > 0 || subject === undefined) return picture;
  return checks.flatMap((check) => check(subject));
}
