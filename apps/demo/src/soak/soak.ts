import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createHoldfast } from '@holdfast/core'
import { Replicated } from '@holdfast/test-support/servers'
import { createRunFolder } from '../coordinator/run-folder.ts'
import { connectStorage } from '../instances/connect.ts'
import { counted } from '../counted.ts'
import { readSource } from '../live/source.ts'
import { makeWorkTree } from '../review/work-tree.ts'
import { openStore } from '../store/store.ts'
import { paragraph, pathForReading, terminalWidth } from '../terminal/text.ts'
import { startFleet } from './fleet.ts'
import type { Judged } from './judge/invariant.ts'
import { judge } from './judge/judge.ts'
import { sumsOf } from './judge/sums.ts'
import { PRESENT, installVersionBefore } from './kept-version.ts'
import { keepReviewing } from './load/load.ts'
import { recentChanges } from './load/ranges.ts'
import { settleRecords } from './load/settle.ts'
import type { SoakOptions } from './options.ts'
import { unleash } from './plan/nemesis.ts'
import { startProgress } from './progress.ts'
import { sumsLine, verdictLines } from './report.ts'
import { openSoakDatabase } from './tables/open-soak-database.ts'
import { createSoakRows } from './tables/soak-rows.ts'

/** When nothing is disturbed any more, everything has to come to its end in this time. */
const DRAIN_MS = 120_000

/** A pause after each stage of a job: what is disturbed should be at work. */
const PACE_MS = 100

/**
 * Disturbs a fleet at work, and asks the database afterwards.
 *
 * @param signal ends it before its time; what is there is judged all the same
 * @returns what the database says
 */
export async function soak(options: SoakOptions, signal: AbortSignal): Promise<readonly Judged[]> {
  const { minutes, instances, seed, control, sample, out } = options
  const width = terminalWidth()
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  const folder = await createRunFolder(out)
  const databasePath = join(folder, 'soak.sqlite')
  print(
    paragraph(
      `Soak of ${minutes} min, ${instances} instances, --seed ${seed}${control ? ', --control: charges without their key' : ''}`,
      width,
    ),
  )
  {
    await using stack = new AsyncDisposableStack()
    const source = await readSource({ storage: 'redis', sample }, folder)
    const workTree = join(folder, 'checkout')
    stack.defer(() => rm(workTree, { recursive: true, force: true }))
    await makeWorkTree(source.path, workTree)
    const changes = await recentChanges(source)
    const before = await installVersionBefore(stack)
    const redis = await Replicated.start({ durable: true })
    stack.defer(() => redis.stop())

    const store = openStore(databasePath)
    stack.defer(() => store.close())
    store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })
    const database = openSoakDatabase(databasePath)
    stack.defer(() => database.close())
    const rows = createSoakRows(database)

    const connected = await connectStorage('ioredis', redis.url)
    stack.defer(() => connected.close())
    const observer = createHoldfast({ storage: connected.storage, prefix: 'AIReview', instance: 'soak' })
    stack.defer(() => observer.close())
    const parts = { redis, instances, version: PRESENT, folder, databasePath, workTree, rows }
    const places = await startFleet({ ...parts, withKeys: !control, paceMs: PACE_MS }, stack)
    print(
      paragraph(
        `${counted(changes.length, 'change')} of ${source.name}; Redis: a primary and a replica, fsync always; ${PRESENT.name} and ${before.name}`,
        width,
      ),
    )

    const progress = startProgress(database, print, width)
    stack.defer(() => progress.stop())
    const over = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)])
    const givenUp = new AbortController()
    const failed = new AbortController()
    const ended = AbortSignal.any([over, failed.signal])
    const load = keepReviewing({
      places,
      changes,
      store,
      rows,
      seed,
      signal: ended,
      givenUp: givenUp.signal,
    }).catch((error: unknown) => failed.abort(error))
    const arena = { redis, places, rows, isAtRest: store.isAtRest }
    await unleash({ arena, seed, versions: [PRESENT, before], say: progress.say, signal: ended }).catch(
      (error: unknown) => failed.abort(error),
    )
    print('Nothing is disturbed any more. Everything comes to its end …')
    const drained = AbortSignal.any([AbortSignal.timeout(DRAIN_MS), failed.signal])
    await Promise.race([load, untilAborted(drained)])
    await settleRecords(observer, places, rows, drained)
    givenUp.abort()
    await load
    failed.signal.throwIfAborted()
  }

  // All that was opened is closed, and its closing is in the database.
  using database = openSoakDatabase(databasePath)
  const judged = judge(database)
  print('')
  for (const line of verdictLines(judged, width)) print(line)
  print(`\n${sumsLine(sumsOf(database), width)}`)
  print(paragraph(`Database and logs: ${pathForReading(folder)}`, width))
  return judged
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
