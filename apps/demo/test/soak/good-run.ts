import type { DatabaseSync } from 'node:sqlite'
import type { JobType } from '../../src/jobs/job.ts'
import { openSoakDatabase } from '../../src/soak/tables/open-soak-database.ts'
import { type SoakRows, createSoakRows } from '../../src/soak/tables/soak-rows.ts'
import { createFenced } from '../../src/store/fenced.ts'
import { createReviewLife } from '../../src/store/review-life.ts'
import { createReviews } from '../../src/store/reviews.ts'

/** The rows of a small run in which all is well. */
export interface GoodRun {
  readonly database: DatabaseSync
  readonly rows: SoakRows
  /** Runs statements as they are, to plant what is wrong. */
  plant(sql: string): void
}

const JOBS: readonly JobType[] = ['ai-review', 'risk-assessment', 'comprehensive-analysis']

/** The caller closes its database. */
export function aGoodRun(): GoodRun {
  const database = openSoakDatabase(':memory:')
  const rows = createSoakRows(database)
  const reviews = createReviews(database)
  const life = createReviewLife(database, createFenced(database))
  for (const reviewId of ['soak-1', 'soak-2']) {
    const commits = { repository: '/r', baseCommit: 'b', headCommit: 'h' }
    reviews.add({ ...commits, id: reviewId, title: 't', reviewer: 'local' })
    for (const jobType of JOBS) {
      const order = { reviewId, jobType }
      rows.ordered(order)
      rows.started(order, 'instance-1', 'done')
      rows.fulfilled(order, 'done')
      rows.record(order, 'completed')
    }
    const owner = {
      jobType: 'ai-review',
      reviewId,
      kind: 'ai-review',
      instance: 'instance-1',
      fencingToken: 10,
    } as const
    life.take(owner)
    life.finish(owner, 'nothing')
    database.exec(`
      INSERT INTO charges VALUES ('${reviewId}', 500, 'instance-1');
      INSERT INTO comments VALUES ('${reviewId}', 'ai-review', 'x'), ('${reviewId}', 'risk', 'x'),
        ('${reviewId}', 'summary', 'x'), ('${reviewId}', 'comprehensive', 'x')`)
  }
  database.exec(`
    INSERT INTO soak_lock_rows (at, lock, fence, holder, instance, event, accepted, valid) VALUES
      (100, 'checkout', 1, 'a', 'instance-1', 'enter', 1, 1),
      (200, 'checkout', 1, 'a', 'instance-1', 'leave', 1, 1),
      (300, 'checkout', 2, 'b', 'instance-2', 'enter', 1, 1),
      -- It was frozen, and came too late.
      (400, 'checkout', 1, 'a', 'instance-1', 'leave', 0, 0),
      (500, 'checkout', 2, 'b', 'instance-2', 'leave', 1, 1);
    INSERT INTO soak_invalidations (at, version, instance) VALUES
      (1000, 2, 'instance-1'), (20000, 3, 'instance-2'), (60000, 4, 'instance-1');
    INSERT INTO soak_price_reads (at, instance, version, owed, how) VALUES
      (900, 'instance-1', 1, 0, 'hit'), (1100, 'instance-2', 2, 2, 'miss loading loaded'),
      -- Newer than what is owed: the change was there, and its invalidation was not acknowledged yet.
      (1200, 'instance-1', 3, 2, 'hit'),
      -- From the memory of a process that is cut off.
      (24000, 'instance-1', 2, 3, 'bypassed memoryHit'),
      -- The failover has lost the invalidation.
      (61000, 'instance-2', 3, 4, 'hit')`)
  database.exec("INSERT INTO soak_faults VALUES ('lossy-failover', '', 59500, 60500)")
  rows.closed('instance-1', 800, 20_000)
  return { database, rows, plant: (sql) => database.exec(sql) }
}
