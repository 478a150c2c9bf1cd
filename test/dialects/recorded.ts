import type { Row } from '../../src/dialects/question.js';
import { vertical } from './rows.js';

/** A recorded replica status, and where it is printed. */
export interface Recorded {
  readonly source: string;
  readonly row: Row;
}

/** https://docs.oracle.com/cd/E17952_01/mysql-5.7-en/show-slave-status.html: the columns and values of its example. */
export const mysql57: Recorded = {
  source: 'MySQL 5.7 Reference Manual, SHOW SLAVE STATUS',
  row: {
    ...vertical(`
      Slave_IO_State: Waiting for master to send event
      Master_Host: localhost
      Master_User: repl
      Master_Port: 13000
      Connect_Retry: 60
      Master_Log_File: source-bin.000002
      Read_Master_Log_Pos: 1307
      Relay_Log_File: replica-relay-bin.000003
      Relay_Log_Pos: 1508
      Relay_Master_Log_File: source-bin.000002
      Slave_IO_Running: Yes
      Slave_SQL_Running: Yes
      Exec_Master_Log_Pos: 1307
      Relay_Log_Space: 1858
      Master_SSL_Allowed: No
      Master_SSL_CA_File:
      Master_SSL_CA_Path:
      Master_SSL_Cert:
      Master_SSL_Cipher:
      Master_SSL_Key:
      Seconds_Behind_Master: 0
      Master_SSL_Verify_Server_Cert: No
      Master_Server_Id: 1
      Master_UUID: 3e11fa47-71ca-11e1-9e33-c80aa9429562
      Master_Info_File: /var/mysqld.2/data/master.info
      Slave_SQL_Running_State: Reading event from the relay log
      Master_Retry_Count: 10
      Master_Bind:
      Master_SSL_Crl:
      Master_SSL_Crlpath:
      Retrieved_Gtid_Set: 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5
      Executed_Gtid_Set: 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5
      Auto_Position: 1
      Channel_Name:
      Master_TLS_Version: TLSv1.2`),
    ...unnamed(),
  },
};

/** As of 8.0.19, before the words changed: the columns of 5.7 and two for the public key. */
export const mysql80: Recorded = {
  source: 'MySQL 8.0 Reference Manual (8.0.19), SHOW SLAVE STATUS',
  row: {
    ...mysql57.row,
    ...vertical(`
      Slave_SQL_Running_State: Reading event from the relay log
      Master_Info_File:
      Master_public_key_path: public_key.pem
      Get_master_public_key: 0`),
  },
};

/** https://docs.oracle.com/cd/E17952_01/mysql-8.4-en/show-replica-status.html; the 8.0 manual prints the same example. */
export const mysql84: Recorded = {
  source: 'MySQL 8.4 and 8.0 Reference Manuals, SHOW REPLICA STATUS',
  row: {
    ...vertical(`
      Replica_IO_State: Waiting for source to send event
      Source_Host: 127.0.0.1
      Source_User: root
      Source_Port: 13000
      Connect_Retry: 1
      Source_Log_File: master-bin.000001
      Read_Source_Log_Pos: 927
      Relay_Log_File: slave-relay-bin.000002
      Relay_Log_Pos: 1145
      Relay_Source_Log_File: master-bin.000001
      Replica_IO_Running: Yes
      Replica_SQL_Running: Yes
      Exec_Source_Log_Pos: 927
      Relay_Log_Space: 1355
      Source_SSL_Allowed: No
      Source_SSL_CA_File:
      Source_SSL_CA_Path:
      Source_SSL_Cert:
      Source_SSL_Cipher:
      Source_SSL_Key:
      Seconds_Behind_Source: 0
      Source_SSL_Verify_Server_Cert: No
      Source_Server_Id: 1
      Source_UUID: 73f86016-978b-11ee-ade5-8d2a2a562feb
      Source_Info_File: mysql.slave_master_info
      Replica_SQL_Running_State: Replica has read all relay log; waiting for more updates
      Source_Retry_Count: 10
      Source_Bind:
      Source_SSL_Crl:
      Source_SSL_Crlpath:
      Retrieved_Gtid_Set: 73f86016-978b-11ee-ade5-8d2a2a562feb:1-3
      Executed_Gtid_Set: 73f86016-978b-11ee-ade5-8d2a2a562feb:1-3
      Auto_Position: 1
      Channel_Name:
      Source_TLS_Version:
      Source_public_key_path:
      Get_Source_public_key: 0
      Network_Namespace:`),
    ...unnamed(),
  },
};

/** What the 8.0 column prints when a source's name does not resolve: an error that is dated in the system's zone. */
export const mysql80Failed: Recorded = {
  source: 'a SHOW REPLICA STATUS of MySQL 8.0, published with notes on the manual’s 13.7.7.35',
  row: {
    ...mysql84.row,
    ...vertical(`
      Source_Host: source2.example.com
      Source_User: replication
      Source_Port: 3306
      Source_Log_File: source2-bin.001
      Read_Source_Log_Pos: 4
      Relay_Source_Log_File: source2-bin.001
      Exec_Source_Log_Pos: 4
      Replica_IO_Running: No
      Seconds_Behind_Source: NULL
      Last_IO_Errno: 2005
      Last_IO_Error: Error connecting to source 'replication@source2.example.com:3306'. This was attempt 10/10, with a delay of 10 seconds between attempts. Message: Unknown MySQL server host 'source2.example.com' (11001)
      Source_Server_Id: 0
      Source_UUID:
      Last_IO_Error_Timestamp: 231228 15:16:12
      Retrieved_Gtid_Set:
      Executed_Gtid_Set:
      Auto_Position: 0`),
  },
};

/**
 * https://mariadb.com/docs/server: Deploy Primary/Replica Topology, step 4 (a server 11.4.5-3-MariaDB-Enterprise), with
 * the columns that SHOW ALL SLAVES STATUS has besides (SHOW REPLICA STATUS, column descriptions).
 */
export const mariadb114: Recorded = {
  source: 'MariaDB documentation, Deploy Primary/Replica Topology, step 4, and SHOW REPLICA STATUS',
  row: {
    ...vertical(`
      Connection_name:
      Slave_SQL_State: Slave has read all relay log; waiting for more updates
      Slave_IO_State: Waiting for master to send event
      Master_Host: 192.0.2.1
      Master_User: repl
      Master_Port: 3306
      Connect_Retry: 60
      Master_Log_File: mariadb-bin.000001
      Read_Master_Log_Pos: 645
      Relay_Log_File: li282-189-relay-bin.000002
      Relay_Log_Pos: 946
      Relay_Master_Log_File: mariadb-bin.000001
      Slave_IO_Running: Yes
      Slave_SQL_Running: Yes
      Exec_Master_Log_Pos: 645
      Relay_Log_Space: 1259
      Master_SSL_Allowed: No
      Master_SSL_CA_File:
      Master_SSL_CA_Path:
      Master_SSL_Cert:
      Master_SSL_Cipher:
      Master_SSL_Key:
      Seconds_Behind_Master: 0
      Master_SSL_Verify_Server_Cert: No
      Master_Server_Id: 1
      Master_SSL_Crl:
      Master_SSL_Crlpath:
      Using_Gtid: Slave_Pos
      Gtid_IO_Pos: 0-1-2
      Parallel_Mode: optimistic
      Slave_SQL_Running_State: Slave has read all relay log; waiting for more updates
      Slave_DDL_Groups: 2
      Slave_Non_Transactional_Groups: 0
      Slave_Transactional_Groups: 0
      Retried_transactions: 0
      Max_relay_log_size: 1073741824
      Executed_log_entries: 9
      Slave_received_heartbeats: 1
      Slave_heartbeat_period: 30.000
      Gtid_Slave_Pos: 0-1-2`),
    ...unnamed(),
  },
};

/** From 12.0 on two columns more, and TLS that is verified unless told otherwise (since 11.4 for a fresh connection). */
export const mariadb12: Recorded = {
  source: 'MariaDB documentation, SHOW REPLICA STATUS, the columns of 12.0',
  row: {
    ...mariadb114.row,
    ...vertical(`
      Slave_IO_Running: Preparing
      Seconds_Behind_Master: NULL
      Master_SSL_Allowed: Yes
      Master_SSL_Verify_Server_Cert: Yes
      Using_Gtid: No
      Gtid_IO_Pos:
      Master_last_event_time: NULL
      Slave_last_event_time: NULL
      Master_Slave_time_diff: NULL
      Connects_Tried: 1
      Master_Retry_Count: 100000`),
  },
};

/** The columns that every vendor and version calls the same, as they are without filters, errors and delay. */
function unnamed(): Row {
  return vertical(`
    Replicate_Do_DB:
    Replicate_Ignore_DB:
    Replicate_Do_Table:
    Replicate_Ignore_Table:
    Replicate_Wild_Do_Table:
    Replicate_Wild_Ignore_Table:
    Last_Errno: 0
    Last_Error:
    Skip_Counter: 0
    Until_Condition: None
    Until_Log_File:
    Until_Log_Pos: 0
    Last_IO_Errno: 0
    Last_IO_Error:
    Last_SQL_Errno: 0
    Last_SQL_Error:
    Replicate_Ignore_Server_Ids:
    SQL_Delay: 0
    SQL_Remaining_Delay: NULL
    Last_IO_Error_Timestamp:
    Last_SQL_Error_Timestamp:
    Replicate_Rewrite_DB:`);
}
