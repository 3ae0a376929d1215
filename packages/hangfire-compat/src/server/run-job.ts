import { decodeCall } from '../jobs/job-definition.ts'
import { decodeInvocationFields } from '../wire/invocation.ts'
import type { Verdict } from './ending.ts'
import type { HangfireHandler } from './handle.ts'
import { ConsoleWriter } from './job-console.ts'
import { type Run, perform } from './perform.ts'
import type { ServerContext } from './server-context.ts'
import { settle } from './settle.ts'
import type { TakenJob } from './taken-job.ts'

/** Runs a job that this worker has taken, and records how it ended, or lets go of it. Never rejects. */
export async function runJob(
  server: ServerContext,
  taken: TakenJob,
  handler: HangfireHandler,
): Promise<void> {
  const run = { server, taken, handler, writer: new ConsoleWriter(server, taken) }
  try {
    await settle(run, await verdictOf(run))
  } finally {
    taken.release()
  }
}

async function verdictOf(run: Omit<Run, 'args'>): Promise<Verdict> {
  const { server, taken, handler } = run
  // It was taken while the server stopped.
  if (server.stopping.isOver) return { how: 'putBack' }
  let args: readonly unknown[]
  try {
    args = decodeCall(handler.job, decodeInvocationFields(taken.fields))
  } catch (error) {
    // Its text stays as it is; another run would read the same.
    return { how: 'failed', error, canRetry: false, type: 'Hangfire.Common.JobLoadException' }
  }
  return (await taken.abandoned.race(perform({ ...run, args }))) ?? { how: 'putBack' }
}
