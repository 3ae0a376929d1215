import type { Analyser } from './analyser.ts'
import { complexity } from './complexity.ts'
import { dependencies } from './dependencies.ts'
import { deployment } from './deployment.ts'
import { faults } from './faults.ts'
import { notes } from './notes.ts'
import { secrets } from './secrets.ts'
import { sql } from './sql.ts'

/** Those that compute: they work in a thread, where nothing waits for them. */
export const THREADED: readonly Analyser[] = [
  faults,
  complexity,
  secrets,
  dependencies,
  deployment,
  sql,
  notes,
]
