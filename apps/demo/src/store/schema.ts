import { HANGFIRE_SCHEMA } from './hangfire-jobs.ts'
import { MODEL_SCHEMA } from './model-schema.ts'
import { REVIEW_STATES } from './review-states.ts'

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
  author      TEXT NOT NULL,
  reviewer    TEXT NOT NULL,
  state       TEXT NOT NULL DEFAULT 'Pending' CHECK (state IN (${REVIEW_STATES.map((state) => `'${state}'`).join(', ')})),
  -- Grows with every change of the state: a person changes the version that the person saw, or nothing.
  version     INTEGER NOT NULL DEFAULT 1,
  -- Rejected since a job failed, or since there was nothing to review; not by a person.
  has_failed  INTEGER NOT NULL DEFAULT 0,
  -- Of the last change: why.
  reason      TEXT,
  -- Fencing token of the execution that last changed the state.
  fence       INTEGER NOT NULL DEFAULT 0
);
-- The history: each change of a state, in the transaction that made it.
CREATE TABLE IF NOT EXISTS review_moves (
  at        REAL NOT NULL,
  review_id TEXT NOT NULL,
  version   INTEGER NOT NULL,
  was       TEXT NOT NULL,
  became    TEXT NOT NULL,
  actor     TEXT NOT NULL CHECK (actor IN ('job', 'person', 'server')),
  who       TEXT NOT NULL,
  reason    TEXT
);
CREATE INDEX IF NOT EXISTS review_moves_of ON review_moves (review_id);
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
-- What the author and the project were told, in the transaction of what it is about. On purpose without a unique constraint.
CREATE TABLE IF NOT EXISTS notifications (
  at        REAL NOT NULL,
  review_id TEXT NOT NULL,
  -- Of the review, after the change that the message is about.
  version   INTEGER NOT NULL,
  recipient TEXT NOT NULL CHECK (recipient IN ('author', 'project')),
  name      TEXT NOT NULL,
  message   TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS notifications_of ON notifications (review_id);
-- Who cleaned up at which tick, and what was removed then. On purpose without a unique constraint.
CREATE TABLE IF NOT EXISTS clean_ups (
  at       REAL NOT NULL,
  slot     INTEGER NOT NULL,
  instance TEXT NOT NULL,
  fence    INTEGER NOT NULL,
  -- The ids, as JSON.
  reviews  TEXT NOT NULL,
  lines    INTEGER NOT NULL
);
-- When a caller last asked for a job of a review: clean-up leaves it alone meanwhile.
CREATE TABLE IF NOT EXISTS review_uses (
  review_id TEXT PRIMARY KEY,
  at        REAL NOT NULL
);
-- What reviews that were done and removed were about, for as long as a forge may deliver it again.
CREATE TABLE IF NOT EXISTS removed_reviews (
  at          REAL NOT NULL,
  review_id   TEXT NOT NULL,
  repository  TEXT NOT NULL,
  base_commit TEXT NOT NULL,
  head_commit TEXT NOT NULL
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
${MODEL_SCHEMA}${HANGFIRE_SCHEMA}`
