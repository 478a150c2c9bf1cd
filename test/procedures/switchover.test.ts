import { switchover as procedure } from '../../src/procedures/switchover.js';
import { withFacts, withSection } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { clusterOf, sceneOf } from './scenes.js';
import { byPosition, changeTo, fit } from './switchover-scenes.js';

goldenPlans(procedure, [
  {
    title: 'three servers, with semi-synchronous replication',
    scene: (column) => sceneOf(fit(clusterOf(column))),
    parameters: changeTo('db2'),
  },
  {
    title: 'by file and position; sessions are kept, and long changes ended',
    scene: (column) => {
      const cluster = fit(byPosition(clusterOf(column)));
      return sceneOf(withSection(withFacts(cluster, 'db2', { semiSync: undefined }), 'db1', 'semiSync', { source: undefined })); // prettier-ignore
    },
    parameters: changeTo('db2', { sessions: 'keep', 'long-running': 'end' }),
  },
]);
