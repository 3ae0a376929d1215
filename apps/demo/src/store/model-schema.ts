/** Of the second reviewer. */
export const MODEL_SCHEMA = `
-- What was asked of a model: inserted before it is sent ('begun'), and updated when it has come to something. 'refused' costs
-- nothing; 'lost' is paid for, and its answer is not there. Costs are in millionths of a dollar.
CREATE TABLE IF NOT EXISTS model_calls (
  id            INTEGER PRIMARY KEY,
  begun_at      REAL NOT NULL,
  review_id     TEXT NOT NULL,
  instance      TEXT NOT NULL,
  model         TEXT NOT NULL,
  content_key   TEXT NOT NULL,
  fence         INTEGER NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('begun', 'answered', 'refused', 'lost')),
  input_tokens  INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost          INTEGER NOT NULL,
  is_estimate   INTEGER NOT NULL,
  note          TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS model_calls_of ON model_calls (review_id);
CREATE TABLE IF NOT EXISTS second_opinions (
  review_id TEXT PRIMARY KEY,
  fence     INTEGER NOT NULL,
  model     TEXT NOT NULL,
  -- Why there is none, or not all of it; null: there is.
  problem   TEXT,
  findings  INTEGER NOT NULL,
  -- Findings about lines that the change has not added.
  dropped   INTEGER NOT NULL,
  -- JSON: what no call has read, and why.
  left_out  TEXT NOT NULL
);
`
