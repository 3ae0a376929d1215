import { HoldfastError } from '@holdfast/core'
import { changeState } from '../transitions/change-state.ts'
import { optionalDateOf } from '../wire/fields.ts'
import { type EndedJob, type Ending, type Verdict, endingOf } from './ending.ts'
import type { Run } from './perform.ts'

type EndedRun = Omit<Run, 'args'>

/** Writes what a verdict asks for, however long Redis does not answer, unless the server waits no longer. Never rejects. */
export async function settle(run: EndedRun, verdict: Verdict): Promise<void> {
  const { server, taken, writer } = run
  if (verdict.how === 'lost') return await persist(run, 'cleaning up after', () => taken.cleanUp())
  if (verdict.how !== 'putBack') {
    // Before the acknowledgement: then the console is not its worker's any more.
    await writer.flush()
    return await end(run, verdict)
  }
  let at: number | undefined
  await persist(run, 'putting back', async () => {
    at ??= await server.storage.now()
    await taken.putBack(at)
  })
  // Whatever made this worker let go of it may last.
  await server.stopping.pause(server.times.retryMs)
}

async function end(run: EndedRun, verdict: Parameters<typeof endingOf>[0]): Promise<void> {
  const { server, taken, handler, writer } = run
  const job = endedJob(run)
  const failure = (error: unknown): Ending =>
    endingOf({ how: 'failed', error, canRetry: false }, job, handler.retry)
  let ending: Ending
  try {
    ending = endingOf(verdict, job, handler.retry)
  } catch (error) {
    // A result that JSON or .NET cannot carry: another run would return the same.
    ending = failure(error)
  }
  // The same instant for every attempt to write it: so one whose reply was lost is known.
  let at: number | undefined
  let found: string | undefined
  await persist(run, 'ending', async () => {
    at ??= await server.storage.now()
    try {
      found = await write(run, ending, at)
    } catch (error) {
      // The jobs that wait for it cannot be read: .NET would fail it, too.
      if (!isOfTheData(error) || ending.state === 'Failed') throw error
      ending = failure(error)
      found = await write(run, ending, at)
    }
  })
  if (found === undefined) return
  if (found !== CHANGED) {
    taken.lose(found)
    return await persist(run, 'cleaning up after', () => taken.cleanUp())
  }
  const { state, error } = ending
  server.publish({ type: 'ran', id: taken.id, state, ...(error === undefined ? {} : { error }) })
  if (state === 'Succeeded' || state === 'Deleted') await writer.expire()
}

const CHANGED = 'changed'

/** @returns `changed`, or the state that it was found in, '' for none */
async function write({ server, taken }: EndedRun, ending: Ending, at: number): Promise<string> {
  const { id, owner, queue, fields } = taken
  const change = await changeState(server.storage, {
    id,
    at,
    owner,
    from: ['Processing'],
    steps: ending.steps,
    fields: ending.fields,
    queue: ending.state === 'Enqueued' ? queue : undefined,
    acknowledge: queue,
    continuations: fields.Continuations ?? '',
  })
  switch (change.outcome) {
    case 'changed':
      return CHANGED
    case 'stateIs':
      return change.state
    case 'missing':
      return ''
    case 'lost':
    case 'locked':
      return 'Processing'
  }
}

/** Tries until Redis has it, or the server waits no longer: then once, if it has not been tried. */
async function persist({ server, taken }: EndedRun, doing: string, call: () => Promise<void>): Promise<void> {
  const { abandoning, publish, times } = server
  for (;;) {
    try {
      return await (abandoning.isOver ? call() : abandoning.race(call()))
    } catch (error) {
      publish({ type: 'troubled', doing: `${doing} job ${taken.id}`, error })
      if (abandoning.isOver) return
      await abandoning.pause(times.retryMs)
    }
  }
}

function endedJob({ server, taken }: EndedRun): EndedJob {
  const { queue, fields, startedAt } = taken
  return { queue, fields, startedAt, serverId: server.serverId, createdAt: createdAtOf(fields) ?? startedAt }
}

function createdAtOf(fields: EndedJob['fields']): number | undefined {
  try {
    return optionalDateOf(fields, 'CreatedAt', 'the job')
  } catch {
    return undefined
  }
}

function isOfTheData(error: unknown): boolean {
  return (
    HoldfastError.isInstance(error) &&
    (error.code === 'HANGFIRE_UNREADABLE' || error.code === 'HANGFIRE_UNSUPPORTED')
  )
}
