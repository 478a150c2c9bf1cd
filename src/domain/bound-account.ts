/** REQUIRE SUBJECT and REQUIRE ISSUER: names as servers write them, `/O=Example/CN=db1`; undefined: any. */
export interface BoundAccount {
  readonly user: string;
  readonly host: string;
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
}
