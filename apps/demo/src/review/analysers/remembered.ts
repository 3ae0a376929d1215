import { createHash } from 'node:crypto'
import type { Cache } from '@holdfast/core'
import { LONGEST_LOAD_MS } from '../longest-load.ts'

const WEEK_MS = 7 * 86_400_000

/** What is computed of subjects, and what its results are kept under. */
export interface Work<Subject, T> {
  /** Of its namespace in the cache. */
  readonly name: string
  readonly version: string
  /** All that the result depends on. */
  readonly key: (subject: Subject) => readonly string[]
  readonly compute: (subjects: readonly Subject[], signal: AbortSignal) => Promise<readonly T[]>
}

export type Remembered<Subject, T> = (
  subjects: readonly Subject[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<Subject, T>>

/** The same work, done once for the same content by all instances. @param cache undefined: done each time */
export function remembered<Subject, T>(
  cache: Pick<Cache, 'namespace'> | undefined,
  { name, version, key, compute }: Work<Subject, T>,
): Remembered<Subject, T> {
  const computeMany = async (subjects: readonly Subject[], signal: AbortSignal): Promise<Map<Subject, T>> => {
    const results = await compute(subjects, signal)
    return new Map(subjects.map((subject, index) => [subject, results[index] as T]))
  }
  const definition = cache?.namespace(name).define<Subject, T>('by content', {
    version,
    key: (subject) =>
      createHash('sha256')
        .update(JSON.stringify(key(subject)))
        .digest('hex'),
    ttlMs: WEEK_MS,
    hardTimeoutMs: LONGEST_LOAD_MS,
    loadMany: (subjects, { signal }) => computeMany(subjects, signal),
  })
  return async (subjects, signal) => {
    if (subjects.length === 0) return new Map()
    return definition === undefined
      ? await computeMany(subjects, signal)
      : await definition.getMany(subjects, { signal })
  }
}
