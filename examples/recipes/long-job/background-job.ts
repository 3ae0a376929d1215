import { type ExecutionContext, type ExecutionSnapshot, HoldfastError } from '@holdfast/core'
import express, { type NextFunction, type Request, type Response } from 'express'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const { PORT = '3000' } = process.env
const CHECK_MS = Number(process.env['CHECK_MS'] ?? 10_000)

// #region job
interface Checkpoint {
  readonly parts: number
}

// The key says all that the work needs: an instance that takes over has nothing else.
const reports = holdfast.idempotency.define<string, { readonly rows: number }>('month-report', {
  key: (month) => month,
  timeoutMs: 2 * 3_600_000, // longer than a report ever takes; 30 min by default
  maxAttempts: 5, // a report that kills its process must not kill all instances for ever
  completedWindowMs: 86_400_000, // for a day a POST finds the report that is there
  completedRetentionMs: 86_400_000, // and a GET can show it
})

async function makeReport(execution: ExecutionContext, month: string): Promise<{ rows: number }> {
  let { parts } = (execution.checkpoint as Checkpoint | undefined) ?? { parts: 0 }
  for (; parts < 4; parts += 1) {
    await execution.updateProgress(parts * 25, `part ${parts + 1} of 4`)
    await work(`${month} part ${parts + 1} attempt ${execution.attempt}`, execution.signal)
    if (month === '1999-12') throw new Error('no connection to db-7.internal')
    await execution.saveCheckpoint({ parts: parts + 1 } satisfies Checkpoint)
  }
  return { rows: 400 }
}
// #endregion

// #region start
/** Resolves as soon as Redis has a record of the job, on whichever instance. The work goes on. */
async function start(month: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    reports
      .run(month, { onInProgress: 'skip' }, async (execution, input) => {
        resolve()
        return await makeReport(execution, input)
      })
      .then(({ status }) => {
        console.log(month, status)
        resolve()
      })
      // After `resolve` this rejects nothing any more; without it a failure would end the process.
      .catch((error: unknown) => {
        console.log(month, whyItEnded(error))
        reject(error as Error)
      })
  })
}

function whyItEnded(error: unknown): string {
  const code = HoldfastError.isInstance(error) ? error.code : ''
  if (code === 'CLOSED') return 'goes on elsewhere: this instance stops'
  if (code === 'LEASE_LOST') return 'goes on elsewhere: this instance was silent for too long'
  return `failed: ${(error as Error).message}`
}
// #endregion

// #region check
/** In every instance: starts again what has no owner any more. Of two instances that do, one runs it. */
async function startWhatStands(): Promise<void> {
  let count = 0
  let oldestMs = 0
  let cursor: string | undefined
  do {
    const page = await holdfast.idempotency.list('month-report', { cursor })
    const ownerless = page.executions.filter(({ stalled, released }) => stalled || released)
    count += ownerless.length
    // Its owner renewed or released it then, for the last time.
    for (const { updateTime } of ownerless) oldestMs = Math.max(oldestMs, Date.now() - updateTime.getTime())
    await Promise.allSettled(ownerless.map(async ({ jobKey }) => await start(jobKey)))
    cursor = page.cursor
  } while (cursor !== undefined)
  // Every time, or as two gauges: an alert needs the figures, and has to see that a look was made.
  console.log('ownerless', count, 'oldest', Math.round(oldestMs / 1_000), 's')
}

let checking: Promise<void> | undefined
const timer = setInterval(() => {
  checking ??= startWhatStands()
    .catch((error: Error) => console.error('check:', error.message))
    .finally(() => (checking = undefined))
}, CHECK_MS)
// #endregion

// #region view
/** What a client may know. The snapshot also has the name of the process, the checkpoint, and the stack of the error. */
function viewOf(snapshot: ExecutionSnapshot): object {
  const { status, released, progressPercentage, progressMessage, result } = snapshot
  if (status === 'completed') return { state: 'completed', result }
  if (status === 'failed' && !released) return { state: 'failed', message: 'The report could not be made.' }
  // It runs, or an instance will go on with it: it is stalled, or a shutdown has released it.
  return { state: 'running', percent: progressPercentage, message: progressMessage }
}
// #endregion

// #region routes
const app = express()

// The month becomes the job key, and each key a record and a job.
app.param('month', (_request: Request, response: Response, next: NextFunction, month: string) => {
  if (/^[12]\d{3}-(0[1-9]|1[0-2])$/.test(month)) next()
  else response.status(400).json({ state: 'not a month' })
})

app.post('/reports/:month', async (request: Request<{ month: string }>, response) => {
  const { month } = request.params
  try {
    await start(month)
  } catch (error) {
    // The work has failed at once, or before: GET says so. Without a record, nothing was started.
    if ((await reports.getExecutionStatus(month)) === null) throw error
  }
  response.status(202).location(`/reports/${month}`).json({ state: 'accepted' })
})

app.get('/reports/:month', async (request: Request<{ month: string }>, response) => {
  const snapshot = await reports.getExecutionStatus(request.params.month)
  if (snapshot === null) response.status(404).json({ state: 'unknown' })
  else response.json(viewOf(snapshot))
})

app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const passes = HoldfastError.isInstance(error) && ['STORAGE_UNAVAILABLE', 'CLOSED'].includes(error.code)
  if (!passes) console.error(error)
  response.status(passes ? 503 : 500).json({ state: 'not started' })
})
// #endregion

const server = app.listen(Number(PORT), '127.0.0.1', () => console.log('listening on', server.address()))

// #region stop
process.once('SIGTERM', async () => {
  clearInterval(timer)
  server.close()
  await close() // aborts the signals; the jobs are released, and the check of another instance goes on with them
})
// #endregion
