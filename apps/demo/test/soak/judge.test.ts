import { expect, it, onTestFinished } from 'vitest'
import type { Judged } from '../../src/soak/judge/invariant.ts'
import { judge } from '../../src/soak/judge/judge.ts'
import { type GoodRun, aGoodRun } from './good-run.ts'

function run(): GoodRun {
  const good = aGoodRun()
  onTestFinished(() => good.database.close())
  return good
}

const findings = ({ database }: GoodRun): readonly (readonly [string, readonly string[]])[] =>
  judge(database)
    .filter(({ broken }) => broken.length > 0)
    .map(({ invariant, broken }: Judged) => [invariant, broken])

it('finds nothing in good rows, and says how much it has looked at', () => {
  const good = run()
  expect(findings(good)).toEqual([])
  expect(judge(good.database).map(({ of }) => of)).toEqual([
    '2 charges',
    '8 comments, 4 notifications',
    '6 results of 6 orders',
    '6 records',
    '5 rows with fences',
    '5 reads, 3 invalidations',
    '1 closings',
    '1 disturbances',
  ])
})

const CHARGED = 'each customer was charged exactly once'
const SAVED = 'each comment and notification is there exactly once'
const LOST = 'no review was lost'
const STUCK = 'no execution is stuck'
const LOCK = 'no lock was held twice'
const CACHE = 'no cached price was older than its invalidation'
const CLOSES = 'everything closed in time'
const CRASHED = 'no instance ended by itself'

const lockRow = (values: string): string =>
  `INSERT INTO soak_lock_rows (at, lock, fence, holder, instance, event, accepted, valid) VALUES (${values})`
const read = (values: string): string =>
  `INSERT INTO soak_price_reads (at, instance, version, owed, how) VALUES (${values})`

it.each([
  [
    'a second charge',
    "INSERT INTO charges VALUES ('soak-1', 500, 'x')",
    CHARGED,
    'soak-1 was charged 2 times',
  ],
  [
    'a charge that is missing',
    "DELETE FROM charges WHERE review_id = 'soak-2'",
    CHARGED,
    'soak-2 was charged 0 times',
  ],
  [
    'a second comment',
    "INSERT INTO comments VALUES ('soak-1', 'risk', 'again')",
    SAVED,
    'the comment risk of soak-1 is there 2 times',
  ],
  [
    'a notification that is missing',
    "DELETE FROM notifications WHERE review_id = 'soak-2' AND recipient = 'project'",
    SAVED,
    'the notification project of soak-2 is there 0 times',
  ],
  [
    'a customer without a result',
    "UPDATE soak_orders SET answered_at = NULL, answer = '503' WHERE review_id = 'soak-1' AND job_type = 'risk-assessment'",
    LOST,
    'risk-assessment of soak-1 has no result: 503',
  ],
  [
    'a review that no job has finished',
    "UPDATE reviews SET state = 'AIReviewing' WHERE id = 'soak-2'",
    LOST,
    'soak-2 is AIReviewing, though its customer has the result',
  ],
  [
    'an execution that never ends',
    "UPDATE soak_records SET status = 'executing' WHERE review_id = 'soak-1' AND job_type = 'ai-review'",
    STUCK,
    'ai-review of soak-1 is executing',
  ],
  [
    'an order of which nothing is known',
    "DELETE FROM soak_records WHERE review_id = 'soak-1' AND job_type = 'ai-review'",
    STUCK,
    'it is not known what the storage holds of ai-review of soak-1',
  ],
  [
    'one fence for two holders',
    lockRow("600, 'checkout', 2, 'c', 'instance-3', 'enter', 1, 1"),
    LOCK,
    'checkout: one fence, 2, for two holders: instance-2 b,instance-3 c',
  ],
  [
    'a valid holder behind its successor',
    lockRow("600, 'checkout', 1, 'a', 'instance-1', 'leave', 0, 1"),
    LOCK,
    'checkout: instance-1 held it with 1 after a holder with 2',
  ],
  [
    'a write that the database should have refused',
    lockRow("600, 'checkout', 1, 'a', 'instance-1', 'leave', 1, 0"),
    LOCK,
    'checkout: the database took the fence 1 after a greater one',
  ],
  [
    'an old value from Redis',
    read("30000, 'instance-3', 2, 3, 'hit'"),
    CACHE,
    'instance-3 read version 2 after that before 3 was invalidated (hit)',
  ],
  [
    'an old value that a process has kept for too long',
    read("30000, 'instance-3', 2, 3, 'bypassed memoryHit'"),
    CACHE,
    'instance-3 read version 2 after that before 3 was invalidated (bypassed memoryHit)',
  ],
  [
    'an old value that no failover can have brought back',
    read("61000, 'instance-3', 2, 4, 'hit'"),
    CACHE,
    'instance-3 read version 2 after that before 4 was invalidated (hit)',
  ],
  [
    'an instance that hangs',
    "INSERT INTO soak_closings VALUES ('instance-2', 20100, 20000)",
    CLOSES,
    'instance-2 had not closed after 20 s (20.1 s in all)',
  ],
  [
    'an instance that ends by itself',
    "INSERT INTO soak_crashes VALUES (1, 'instance-2', 'instance-2 ended by itself (exit code 1)')",
    CRASHED,
    'instance-2 ended by itself (exit code 1)',
  ],
])('finds %s, and nothing else', (_what, planted, invariant, row) => {
  const bad = run()
  bad.plant(planted)
  expect(findings(bad)).toEqual([[invariant, [row]]])
})

it('takes two valid holders after a failover that lost writes for what is promised, and two of one fence for none', () => {
  const bad = run()
  bad.plant(lockRow("60000, 'checkout', 1, 'a', 'instance-1', 'leave', 0, 1"))
  expect(findings(bad)).toEqual([])
  bad.plant(lockRow("60000, 'checkout', 2, 'c', 'instance-3', 'enter', 1, 1"))
  expect(findings(bad).map(([invariant]) => invariant)).toEqual([LOCK])
})

it('takes a run without a result for a broken one', () => {
  const bad = run()
  bad.plant('DELETE FROM soak_orders; DELETE FROM charges')
  expect(findings(bad)).toEqual([[LOST, ['there is not one result']]])
})
