import type { VersionRecipe } from '../../src/sandbox/versions.js';

/** All that a copy, or a comparison, is apt to get wrong, in the schema `corpus`. */
export function corpus({ name, flavour }: VersionRecipe): readonly string[] {
  const own = [
    ...(flavour === 'mariadb' ? [['address INET6', "'2001:db8::1'"]] : []),
    // It came with 10.7.
    ...(flavour === 'mariadb' && name !== 'mariadb-10.5' ? [['name UUID', "'6ccd780c-baba-1026-9564-5b8c656024db'"]] : []), // prettier-ignore
  ];
  return [
    'CREATE DATABASE corpus CHARACTER SET utf8mb4',
    'CREATE TABLE corpus.many (id INT PRIMARY KEY AUTO_INCREMENT, words VARCHAR(200), at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
    "INSERT INTO corpus.many (id, words) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f'), (7, 'g'), (8, 'h')",
    ...Array.from(
      { length: 9 },
      (_, n) => `INSERT INTO corpus.many (id, words) SELECT id + ${8 * 2 ** n}, CONCAT(words, id) FROM corpus.many`,
    ),
    "CREATE TABLE corpus.texts (id INT PRIMARY KEY, plain VARCHAR(99), latin VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_german1_ci, cased VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, word CHAR(9), colour ENUM('red', 'green'), flags SET('a', 'b', 'c'), body LONGTEXT)",
    "INSERT INTO corpus.texts VALUES (1, 'a#b', 'Grün', '𝄞 emoji 😀', 'x  ', 'green', 'a,c', REPEAT('long ', 5000)), (2, NULL, '', '#', NULL, NULL, '', NULL), (3, 'it''s \\\\ here', 'é', 'É', '', 'red', 'b', '')",
    'CREATE TABLE corpus.numbers (a TINYINT UNSIGNED, b BIGINT, c DECIMAL(30, 10), d FLOAT, e DOUBLE, f BIT(9), g YEAR, h DATE, i DATETIME(6), j TIME(3), k TIMESTAMP(6) NULL, PRIMARY KEY (b, a))',
    "SET SESSION sql_mode = ''",
    "INSERT INTO corpus.numbers VALUES (1, -9223372036854775807, 12345678901234567890.0123456789, 1.1, 1e300, b'101', 2026, '0000-00-00', '2026-11-28 12:00:00.123456', '-12:30:00.5', '2026-03-29 02:30:00.5'), (2, 9223372036854775807, -0.0000000001, 16777217, 0.1, b'0', 1999, '2026-00-00', '0000-00-00 00:00:00', '838:59:59', NULL)",
    'SET SESSION sql_mode = DEFAULT',
    'CREATE TABLE corpus.bytes (k VARBINARY(16) PRIMARY KEY, small BINARY(4), big LONGBLOB)',
    `INSERT INTO corpus.bytes VALUES (X'00', X'00FF', REPEAT(X'00FF0A27', 250000)), (X'FF00', NULL, X''), (X'5C27', X'5C', NULL)`,
    'CREATE TABLE corpus.pair (lang VARCHAR(10), page INT, title VARCHAR(80), PRIMARY KEY (lang, page)) DEFAULT CHARSET utf8mb4',
    "INSERT INTO corpus.pair SELECT IF(id % 2, 'en', 'de'), id, words FROM corpus.many WHERE id <= 900",
    'CREATE TABLE corpus.keyless (word VARCHAR(20), n INT)',
    "INSERT INTO corpus.keyless VALUES ('twice', 1), ('twice', 1), ('once', 2), (NULL, NULL)",
    "CREATE TABLE corpus.searchindex (si_page INT UNSIGNED NOT NULL, si_title VARCHAR(255) NOT NULL DEFAULT '', si_text MEDIUMTEXT NOT NULL, UNIQUE KEY (si_page), FULLTEXT KEY (si_text)) ENGINE = MyISAM DEFAULT CHARSET utf8mb4",
    "INSERT INTO corpus.searchindex SELECT id, words, CONCAT('the text of ', words) FROM corpus.many WHERE id <= 300",
    'CREATE TABLE corpus.doomed (id INT PRIMARY KEY)',
    'INSERT INTO corpus.doomed VALUES (1), (2)',
    'CREATE TABLE corpus.empty_one (id INT PRIMARY KEY)',
    `CREATE TABLE corpus.computed (id INT PRIMARY KEY, a INT, doubled INT GENERATED ALWAYS AS (a * 2) STORED, halved INT GENERATED ALWAYS AS (a DIV 2) VIRTUAL)`,
    'INSERT INTO corpus.computed (id, a) VALUES (1, 10), (2, NULL)',
    `CREATE TABLE corpus.odd (id INT PRIMARY KEY, doc JSON, place POINT NULL${own.map(([column]) => `, ${column}`).join('')})`,
    `INSERT INTO corpus.odd VALUES (3, '[]', NULL${own.map(([, value]) => `, ${value}`).join('')})`,
    `INSERT INTO corpus.odd (id, doc, place) VALUES (1, '{"a": [1, 2, {"b": null}]}', ST_GeomFromText('POINT(1 2)')), (2, NULL, NULL)`,
    'CREATE TABLE corpus.`odd name; --` (`a ``b` INT PRIMARY KEY, `select` VARCHAR(10))',
    "INSERT INTO corpus.`odd name; --` VALUES (1, 'x')",
    'CREATE VIEW corpus.recent AS SELECT id, words FROM corpus.many WHERE id > 100',
    'CREATE TABLE corpus.log_of (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(30))',
    "CREATE TRIGGER corpus.on_doomed AFTER INSERT ON corpus.doomed FOR EACH ROW INSERT INTO corpus.log_of (what) VALUES ('doomed')",
    "CREATE PROCEDURE corpus.greet(IN who VARCHAR(20)) SELECT CONCAT('hello ', who)",
    'CREATE FUNCTION corpus.twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2',
    "CREATE EVENT corpus.nightly ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO DELETE FROM corpus.log_of",
    "CREATE USER 'reader'@'%' IDENTIFIED BY 'a-word' REQUIRE SSL",
    "GRANT SELECT ON corpus.* TO 'reader'@'%'",
  ];
}
