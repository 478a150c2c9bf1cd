import type { Config } from './config/config.js';
import { loadConfig } from './config/load.js';
import { checkPolicies } from './policies.js';
import { procedures } from './procedures/index.js';

/**
 * The configuration, held against the procedures that there are as well.
 * @throws ConfigError with every fault at once
 */
export async function loadWhole(file: string): Promise<Config> {
  const config = await loadConfig(file);
  await checkPolicies(config, Object.values(procedures));
  return config;
}
