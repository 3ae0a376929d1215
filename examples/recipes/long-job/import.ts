// #region import
import { HoldfastError } from '@holdfast/core'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const PAGES = Number(process.env['PAGES'] ?? 1_000)
const month = process.argv[2] ?? '2026-11'

/** What the next attempt needs to go on. Small: it is written with every renewal. */
interface Checkpoint {
  readonly next: number
  readonly rows: number
}

async function importMonth(name: string) {
  // A waiting instance takes over when the one at work dies; `Infinity`: whenever that is.
  const options = {
    onInProgress: 'wait',
    waitMs: Infinity,
    timeoutMs: 6 * 3_600_000,
    maxAttempts: 20,
  } as const
  return await holdfast.idempotency.run('import', name, options, async (execution) => {
    let { next, rows } = (execution.checkpoint as Checkpoint | undefined) ?? { next: 0, rows: 0 }
    while (next < PAGES) {
      execution.signal.throwIfAborted()
      rows += await importPage(name, next, execution)
      next += 1
      // Redis refuses this once another attempt owns the job, so no checkpoint goes back.
      await execution.saveCheckpoint({ next, rows } satisfies Checkpoint)
      void execution.updateProgress((next / PAGES) * 100, `page ${next} of ${PAGES}`)
    }
    return { rows }
  })
}
// #endregion

// #region page
interface Attempt {
  readonly attempt: number
  readonly signal: AbortSignal
}

/**
 * The page between two checkpoints may be done twice: by an attempt that died before it saved, and by the next one. So it must not
 * add up: write rows under their own keys (`on conflict … do update`), or ask `isFirst` in the same transaction.
 */
async function importPage(name: string, page: number, { attempt, signal }: Attempt): Promise<number> {
  await work(`${name} page ${page} attempt ${attempt}`, signal)
  return 100
}
// #endregion

// #region stop
process.once('SIGTERM', () => void close())
try {
  const { status, result } = await importMonth(month)
  console.log(status, result.rows)
} catch (error) {
  const code = HoldfastError.isInstance(error) ? error.code : ''
  console.log('ended', code, (error as Error).message)
  process.exitCode = code === 'LEASE_LOST' || code === 'CLOSED' ? 75 : 1
} finally {
  await close()
}
// #endregion
