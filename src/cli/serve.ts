import { Command } from 'commander';
import { createApp } from '../app.js';
import { createLog } from '../base/log.js';
import { loadWhole } from '../load-whole.js';
import { configOption } from './options.js';

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the exporter and, where a journal is configured, the automation endpoint')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nSIGHUP reads the configuration again; SIGINT and SIGTERM stop.\n\nExample:\n  lockstep serve --config /etc/lockstep/lockstep.yml\n',
    )
    .action(async (options: { config: string }) => {
      const config = await loadWhole(options.config);
      const log = createLog(config.log.level);
      const app = createApp(config, log);
      await app.start();
      process.on('SIGHUP', () => void app.reload());
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const)
          process.once(signal, () => void app.stop(signal).finally(resolve));
      });
    });
}
