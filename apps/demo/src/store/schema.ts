import { MODEL_SCHEMA } from './model-schema.ts'

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS reviewer_configurations (
  name      TEXT PRIMARY KEY,
  provider  TEXT NOT NULL,
  max_files INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS reviews (
  id          TEXT PRIMARY KEY,
  repository  TEXT NOT NULL,
  base_commit TEXT NOT NULL,
  head_commit TEXT NOT NULL,
  title       TEXT NOT NULL,
  reviewer    TEXT NOT NULL,
  status      TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'reviewing', 'reviewed')),
  -- Fencing token of the execution that last changed the status.
  fence       INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS findings (
  review_id TEXT NOT NULL REFERENCES reviews (id),
  file      TEXT NOT NULL,
  line      INTEGER,
  severity  TEXT NOT NULL CHECK (severity IN ('error', 'warning', 'info')),
  category  TEXT NOT NULL CHECK (category IN ('quality', 'security', 'performance', 'style', 'bug')),
  rule      TEXT NOT NULL,
  message   TEXT NOT NULL,
  -- What to do about it.
  suggestion TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS comments (
  review_id TEXT NOT NULL REFERENCES reviews (id),
  kind      TEXT NOT NULL,
  body      TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notifications (
  review_id TEXT NOT NULL,
  kind      TEXT NOT NULL,
  message   TEXT NOT NULL
);
-- Which execution wrote an effect last; see effects.ts.
CREATE TABLE IF NOT EXISTS effects (
  review_id TEXT NOT NULL,
  kind      TEXT NOT NULL,
  fence     INTEGER NOT NULL,
  PRIMARY KEY (review_id, kind)
);
-- The ledger: what the customer was charged. On purpose there is no unique constraint, so that a charge that is made twice is
-- counted twice: with Holdfast, effects.ts looks for the review's own before it charges; the control run does not.
CREATE TABLE IF NOT EXISTS charges (
  review_id TEXT NOT NULL,
  cents     INTEGER NOT NULL,
  instance  TEXT NOT NULL
);
-- Every effect that was written, in the transaction that wrote it. No key, no unique constraint.
CREATE TABLE IF NOT EXISTS saved_effects (
  at        REAL NOT NULL,
  job_type  TEXT NOT NULL,
  review_id TEXT NOT NULL,
  effect    TEXT NOT NULL,
  instance  TEXT NOT NULL,
  fence     INTEGER NOT NULL
);
-- Writes that came too late: their fencing token was older than the newest that the effect has seen.
CREATE TABLE IF NOT EXISTS refused_writes (
  at        REAL NOT NULL,
  job_type  TEXT NOT NULL,
  review_id TEXT NOT NULL,
  effect    TEXT NOT NULL,
  instance  TEXT NOT NULL,
  fence     INTEGER NOT NULL,
  newest    INTEGER NOT NULL
);
-- The witness: plain inserts by the job bodies. On purpose there is no key and no unique constraint, so that a body
-- that runs twice is seen twice.
CREATE TABLE IF NOT EXISTS job_runs (
  at           REAL NOT NULL,
  job_type     TEXT NOT NULL,
  job_key      TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  attempt      INTEGER NOT NULL,
  instance     TEXT NOT NULL,
  client       TEXT NOT NULL,
  event        TEXT NOT NULL CHECK (event IN ('begin', 'stage', 'end', 'failed')),
  detail       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_runs_of ON job_runs (job_key, job_type);
${MODEL_SCHEMA}`
