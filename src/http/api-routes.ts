import { alertRoutes } from './alerts.js';
import type { ApiRoute } from './api.js';
import { clusterRoutes } from './clusters.js';
import { eventRoutes } from './events.js';
import { openApiRoute } from './openapi.js';
import { planRoutes } from './plans.js';
import { procedureRoutes } from './procedures.js';
import { runRoutes } from './runs.js';
import { switchRoutes } from './switches.js';

/** Every route of the API, in the order of its description. */
export const apiRoutes: readonly ApiRoute[] = [
  ...clusterRoutes,
  ...procedureRoutes,
  ...planRoutes,
  ...runRoutes,
  ...switchRoutes,
  ...eventRoutes,
  ...alertRoutes,
];

/** They and their description. */
export const allApiRoutes: readonly ApiRoute[] = [...apiRoutes, openApiRoute(apiRoutes)];
