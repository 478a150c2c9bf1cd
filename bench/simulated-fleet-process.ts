import { createSecureContext } from 'node:tls';
import { SimulatedServer, type Hang } from './simulated-server.js';
import type { FleetRequest, FleetReply, RecordedText } from './simulated-fleet.js';
import type { Recorded } from './recording-proxy.js';

// A process of its own, so that what the servers cost is not counted as Lockstep's. It ends with whoever started it.

let servers: SimulatedServer[] = [];

process.on('message', (request: FleetRequest) => void answer(request));
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal; this one goes when its owner lets go.
process.on('SIGINT', () => undefined);

async function answer(request: FleetRequest): Promise<void> {
  switch (request.kind) {
    case 'listen': {
      const context = createSecureContext({ cert: request.cert, key: request.key });
      const kinds = [recordedOf(request.primary), recordedOf(request.replica)];
      servers = Array.from(
        { length: request.servers },
        (_, index) => new SimulatedServer(kinds[index % 2] ?? recordedOf(request.primary), context),
      );
      const ports: number[] = [];
      for (const server of servers) ports.push(await server.listen());
      reply({ kind: 'listening', ports });
      break;
    }
    case 'hang':
      for (const [index, how] of request.servers) servers[index]?.hang(how satisfies Hang);
      reply({ kind: 'hanging' });
      break;
    case 'state':
      reply({
        kind: 'state',
        sessions: servers.reduce((sum, server) => sum + Math.min(1, server.sessions), 0),
        unknown: [...new Set(servers.flatMap((server) => [...server.unknown]))],
      });
      break;
  }
}

function reply(message: FleetReply): void {
  process.send?.(message);
}

function recordedOf({ greeting, answers }: RecordedText): Recorded {
  return {
    greeting: Buffer.from(greeting, 'base64'),
    answers: new Map(answers.map(([query, answer]) => [query, Buffer.from(answer, 'base64')])),
  };
}
