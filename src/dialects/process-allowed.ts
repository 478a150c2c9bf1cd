/**
 * Stands in front of information_schema.PROCESSLIST and USER_STATISTICS, which show an account without PROCESS its own
 * threads or nothing, and do not say so: INNODB_CMP refuses such an account (errno 1227). Joined with a LEFT JOIN, for
 * otherwise 10.5 and 10.11 do not open it when there is no row to join. It holds ten rows.
 */
export const processAllowed = '(SELECT COUNT(*) AS pages FROM information_schema.INNODB_CMP) allowed';
