/** What the soak writes beside the tables of the demo, in the same file. No key, no unique constraint: the judge looks at every row. */
export const SOAK_SCHEMA = `
-- What a customer asked for, once for each job of each review: it has to come to its end.
CREATE TABLE IF NOT EXISTS soak_orders (
  review_id   TEXT NOT NULL,
  job_type    TEXT NOT NULL,
  asked_at    REAL NOT NULL,
  answered_at REAL,
  -- What the last answer said.
  answer      TEXT NOT NULL DEFAULT ''
);
-- Every request of a start, of the customer and of the duplicates.
CREATE TABLE IF NOT EXISTS soak_starts (
  at        REAL NOT NULL,
  review_id TEXT NOT NULL,
  job_type  TEXT NOT NULL,
  instance  TEXT NOT NULL,
  answer    TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS soak_faults (
  kind     TEXT NOT NULL,
  -- Empty: all of them.
  instance TEXT NOT NULL,
  began_at REAL NOT NULL,
  ended_at REAL NOT NULL
);
-- How each instance that was asked to end has ended.
CREATE TABLE IF NOT EXISTS soak_closings (
  instance TEXT NOT NULL,
  took_ms  REAL NOT NULL,
  limit_ms REAL NOT NULL
);
-- Instances that ended unasked.
CREATE TABLE IF NOT EXISTS soak_crashes (
  at       REAL NOT NULL,
  instance TEXT NOT NULL,
  reason   TEXT NOT NULL
);
-- What the storage holds of each order when all is over.
CREATE TABLE IF NOT EXISTS soak_records (
  review_id TEXT NOT NULL,
  job_type  TEXT NOT NULL,
  status    TEXT NOT NULL
);
-- What is done under a lock, with the fence of its holder. accepted: no greater fence was there before. valid: the holder held a
-- lease that was certainly not over, asked within the transaction of the row.
CREATE TABLE IF NOT EXISTS soak_lock_rows (
  at       REAL NOT NULL,
  lock     TEXT NOT NULL,
  fence    INTEGER NOT NULL,
  holder   TEXT NOT NULL,
  instance TEXT NOT NULL,
  event    TEXT NOT NULL CHECK (event IN ('enter', 'leave')),
  accepted INTEGER NOT NULL,
  valid    INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS soak_lock_fences ON soak_lock_rows (lock, fence);
-- The price, which all instances read through the cache: only its version counts.
CREATE TABLE IF NOT EXISTS soak_price (version INTEGER NOT NULL);
INSERT INTO soak_price SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM soak_price);
-- Invalidations that the storage has acknowledged, inserted after that: everything before this version is old from now on.
CREATE TABLE IF NOT EXISTS soak_invalidations (
  at       REAL NOT NULL,
  version  INTEGER NOT NULL,
  instance TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS soak_invalidated ON soak_invalidations (version);
-- Reads of the price: at: when it began. owed: the greatest version in soak_invalidations when it began. how: the events of the
-- cache about this read.
CREATE TABLE IF NOT EXISTS soak_price_reads (
  at       REAL NOT NULL,
  instance TEXT NOT NULL,
  version  INTEGER NOT NULL,
  owed     INTEGER NOT NULL,
  how      TEXT NOT NULL
);
`
