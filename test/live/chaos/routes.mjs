// Preloaded into a Lockstep of the chaos test: its own connections to a server go through a link of their own, so that
// it can be cut off alone, while its configuration names the address that replicas follow.
// LOCKSTEP_ROUTES holds JSON: for each `host:port` of the configuration the port that is connected to instead.
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const routes = JSON.parse(process.env.LOCKSTEP_ROUTES ?? '{}');
const connect = net.connect;
net.connect = (options, ...rest) => {
  const port = routes[`${options?.host}:${options?.port}`];
  return connect(port === undefined ? options : { ...options, port }, ...rest);
};
syncBuiltinESMExports();
