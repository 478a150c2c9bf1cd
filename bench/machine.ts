import os from 'node:os';

/** Where and when figures were taken, and how busy others kept the machine: `load` is the average of the last minute. */
export function machineText(): string {
  const processors = os.cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const day = new Date().toISOString().slice(0, 10);
  const load = (os.loadavg()[0] ?? NaN).toFixed(1);
  return `${day}, Node ${process.versions.node}, ${processors.length} x ${model}, load ${load} at the start`;
}
