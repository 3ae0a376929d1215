import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Work } from '../../src/events/page-event.ts'
import { openStore } from '../../src/store/store.ts'
import type { JobRun } from '../../src/store/witness.ts'
import type { Finish } from '../repository.ts'

/** What the tables of a world say. */
export interface Evidence {
  readonly rows: (work: Work | null) => readonly JobRun[]
  readonly count: (work: Work | null, event: JobRun['event']) => number
  /** Of all work, in the order of insertion. */
  readonly all: () => readonly JobRun[]
  readonly ends: () => readonly JobRun[]
  readonly saves: (work: Work | null, effect: string) => number
  readonly refusals: (work: Work | null) => readonly Refusal[]
  /** Of each finding of a review. */
  readonly rules: (work: Work) => readonly string[]
}

export interface Refusal {
  readonly instance: string
  readonly fence: number
  readonly newest: number
}

/** Opens the database in this folder for one test. */
export function openEvidence(folder: string, onTestFinished: Finish): Evidence {
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
  const store = openStore(join(folder, file))
  const database = new DatabaseSync(join(folder, file), { readOnly: true })
  onTestFinished(() => {
    database.close()
    store.close()
  })
  const saves = database.prepare('SELECT 1 FROM saved_effects WHERE review_id = ? AND effect = ?')
  const refusals = database.prepare('SELECT instance, fence, newest FROM refused_writes WHERE review_id = ?')
  const rules = database.prepare('SELECT rule FROM findings WHERE review_id = ?')
  const rows: Evidence['rows'] = (work) => (work === null ? [] : store.witness.of(work.jobType, work.jobKey))
  return {
    rows,
    count: (work, event) => rows(work).filter((row) => row.event === event).length,
    all: () => store.witness.all(),
    ends: () => store.witness.all().filter(({ event }) => event === 'end'),
    saves: (work, effect) => saves.all(work?.jobKey ?? '', effect).length,
    refusals: (work) => refusals.all(work?.jobKey ?? '') as unknown as readonly Refusal[],
    rules: ({ jobKey }) => rules.all(jobKey).map(({ rule }) => String(rule)),
  }
}
