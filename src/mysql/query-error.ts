import { LockstepError } from '../base/errors.js';
import { fieldOf } from './failure.js';
import { plainText } from './greeting.js';

/** A statement that the server refused. The session goes on. */
export class QueryError extends LockstepError {
  constructor(
    /** The server's error number, such as 1227. */
    readonly errno: number,
    /** Five characters, '' where the server sent none. */
    readonly sqlState: string,
    /** The name that MySQL gives the number, such as `ER_SPECIFIC_ACCESS_DENIED_ERROR`. */
    name: string,
    message: string,
    /** Which statement of the text failed, from 0. */
    readonly statement: number,
  ) {
    super(name, message);
  }
}

/** The driver's error as ours; undefined when it is not the server that spoke. The driver's own carries the SQL, so it goes no further. */
export function queryErrorOf(error: unknown, statement: number): QueryError | undefined {
  const errno = fieldOf(error, 'errno');
  const sqlState = fieldOf(error, 'sqlState');
  if (typeof errno !== 'number' || errno <= 0 || typeof sqlState !== 'string') return undefined;
  const code = fieldOf(error, 'code');
  const name = typeof code === 'string' ? code : `ER_${errno}`;
  const text = fieldOf(error, 'sqlMessage');
  // A syntax error quotes the statement, and a statement may hold a password.
  const said = quoting.has(errno) || typeof text !== 'string' ? 'the server cannot parse it' : plainText(text);
  return new QueryError(
    errno,
    sqlState,
    name,
    `statement ${statement + 1} was refused (${errno} ${name}): ${said}`,
    statement,
  );
}

/** ER_PARSE_ERROR and ER_SYNTAX_ERROR. */
const quoting: ReadonlySet<number> = new Set([1064, 1149]);

/** The server's refusal as it stands in a packet: 0xff, number, `#` and state, text. */
export function refusalIn(payload: Buffer): QueryError {
  const errno = payload.readUInt16LE(1);
  const stated = payload[3] === 0x23;
  const said = quoting.has(errno) ? 'the server cannot parse it' : plainText(payload.toString('utf8', stated ? 9 : 3));
  return new QueryError(errno, stated ? payload.toString('latin1', 4, 9) : '', `ER_${errno}`, `refused (${errno}): ${said}`, 0); // prettier-ignore
}
