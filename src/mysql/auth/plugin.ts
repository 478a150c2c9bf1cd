/** Answers the server's packets of one authentication exchange, in their order. */
export type AuthExchange = (data: Buffer) => Buffer | Promise<Buffer>;

/** The shape that mysql2 asks for; called when the server chooses this plugin. */
export type AuthPlugin = () => AuthExchange;
