import type { DotnetCall, DotnetRetry } from './dotnet-jobs.ts'
import type { DotnetPeer } from './dotnet-peer.ts'
import type { DotnetOutcome, FetchedJob } from './dotnet-server.ts'
import type { Life } from './lives.ts'

interface Entry {
  readonly State: string
  readonly Reason: string | null
  readonly [field: string]: string | null
}

interface Relived {
  /** Its id in the transcript. */
  readonly old: string
  readonly call: DotnetCall
  /** Where it lies when it is enqueued. */
  readonly queue: string
  readonly history: readonly Entry[]
  /** How many entries of the history are done. */
  done: number
  id: string
  isScheduled: boolean
  /** A worker took it because it was before another one in their queue. */
  isAhead: boolean
  running?: { readonly worker: DotnetPeer; readonly job: FetchedJob; readonly workerId: string }
}

/**
 * Peers do what was done with these jobs, in the order in which their histories tell it.
 *
 * @returns the new ids by the old ones
 */
export async function relive(
  lives: readonly Life[],
  { client, server, next }: Readonly<Record<'client' | 'server' | 'next', DotnetPeer>>,
): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, Relived>()
  for (const life of lives) {
    const history = entriesOf(life)
    const [done, flags] = [0, { isScheduled: false, isAhead: false }]
    all.set(life.id, { old: life.id, ...callOf(life), history, done, id: '', ...flags })
  }
  const relivedAs = (id: string): Relived | undefined => [...all.values()].find((each) => each.id === id)

  const poll = async (): Promise<void> => {
    await server.schedulers.pollSchedule()
    for (const each of all.values()) each.isScheduled = false
  }

  const create = async ({ call }: Relived, { State, ParentId, Options }: Entry): Promise<string> => {
    if (State === 'Enqueued') return await client.jobs.enqueue(call)
    if (State === 'Scheduled') return await client.jobs.schedule(call, 0)
    return await client.jobs.continueWith(all.get(ParentId ?? '')?.id ?? '', call, Number(Options))
  }

  const run = async (job: Relived, worker: DotnetPeer): Promise<void> => {
    if (job.isScheduled) await poll()
    while (job.running?.worker !== worker) {
      const fetched = await worker.server.fetch([job.queue])
      const other = relivedAs(fetched?.id ?? '')
      const workerId = fetched && (await worker.server.start(fetched))
      if (fetched === undefined || other === undefined || workerId === undefined)
        throw new Error(`${job.id} was not there to be fetched`)
      other.running = { worker, job: fetched, workerId }
      other.isAhead = other !== job
    }
  }

  const finish = async (job: Relived, entry: Entry): Promise<void> => {
    const { running, history } = job
    if (running === undefined) throw new Error(`${job.id} does not run`)
    delete job.running
    const [outcome, retry] = outcomeOf(
      { ...entry, Result: entry.Result?.replaceAll(job.old, job.id) ?? null },
      history,
    )
    await running.worker.server.finish(running.job, outcome, retry)
    job.isScheduled = retry !== undefined && history[job.done + 1]?.State === 'Scheduled'
  }

  const step = async (job: Relived): Promise<void> => {
    const [before, entry] = [job.history[job.done - 1], job.history[job.done]]
    if (entry === undefined) return
    if (before === undefined) {
      job.id = await create(job, entry)
      job.isScheduled = entry.State === 'Scheduled'
    } else if (before.State === 'Awaiting') {
      // Its parent's end has done it.
      const parent = all.get(before.ParentId ?? '')
      if (parent?.running !== undefined) await step(parent)
    } else if (entry.State === 'Processing') {
      const { running } = job
      if (running === undefined) await run(job, server)
      else if (job.isAhead) job.isAhead = false
      else {
        // Its server stopped, or died.
        await running.worker.server.requeue(running.job)
        await run(job, next)
      }
    } else if (entry.State === 'Succeeded' || entry.State === 'Failed') {
      await finish(job, entry)
      if (before.State === 'Processing' && isOneChange(entry, job.history[job.done + 1])) job.done += 1
    } else if (entry.Reason === 'Triggered by DelayedJobScheduler') {
      if (job.isScheduled) await poll()
    } else if (entry.State === 'Enqueued') await client.jobs.requeue(job.id, { reason: entry.Reason })
    else {
      await client.jobs.delete(job.id, entry.Reason)
      if (job.running !== undefined)
        await job.running.worker.server.isStillMine(job.running.job, job.running.workerId)
      if (job.running !== undefined) await job.running.worker.server.acknowledge(job.running.job)
    }
    job.done += 1
  }

  for (const { id, at } of inOrder(lives)) {
    const job = all.get(id)
    if (job !== undefined && job.done <= at) await step(job)
  }
  return new Map(Array.from(all, ([old, { id }]) => [old, id]))
}

/** Every entry of every history. */
function inOrder(lives: readonly Life[]): readonly { readonly id: string; readonly at: number }[] {
  return lives
    .flatMap(({ id, commands }) => {
      let at = -1
      return commands.flatMap((unit) =>
        unit.flatMap(({ name, args, atMs }) =>
          name === 'RPUSH' && args[0]?.endsWith(':history') ? [{ id, at: (at += 1), atMs }] : [],
        ),
      )
    })
    .toSorted((one, other) => one.atMs - other.atMs)
}

function entriesOf({ commands }: Life): readonly Entry[] {
  return commands
    .flat()
    .flatMap(({ name, args: [key = '', text = ''] }) =>
      name === 'RPUSH' && key.endsWith(':history') ? [JSON.parse(text) as Entry] : [],
    )
}

function callOf(life: Life): Pick<Relived, 'call' | 'queue'> {
  const sent = life.commands.flat()
  const [, ...pairs] = sent.find(({ name, args }) => name === 'HMSET' && args.includes('Type'))?.args ?? []
  const fields = Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : [])),
  ) as Record<string, string>
  const { CreatedAt: _, Queue: saved, ...rest } = fields
  const pushed = sent
    .find(({ name, args }) => name === 'LPUSH' && args[0]?.includes(':queue:'))
    ?.args[0]?.replace(/^.*:queue:/, '')
  const member = sent.find(({ name, args }) => name === 'ZADD' && args[0]?.endsWith(':schedule'))?.args[2]
  const queue = entriesOf(life).find(({ State }) => State === 'Enqueued')?.Queue ?? undefined
  const ofMember = member?.includes(':') === true ? member.split(':')[0] : undefined
  const explicit = saved ?? ofMember ?? (pushed === queue ? undefined : pushed)
  const call = { fields: rest, ...(explicit === undefined ? {} : { explicitQueue: explicit }) }
  return { call, queue: explicit ?? queue ?? 'default' }
}

function outcomeOf(entry: Entry, history: readonly Entry[]): readonly [DotnetOutcome, DotnetRetry?] {
  const { State, Result, ExceptionType, ExceptionMessage } = entry
  if (State === 'Succeeded') return [Result == null ? {} : { result: Result }]
  const reasons = history.map(({ Reason }) => Reason ?? '')
  const [, attempts = '0'] = /Retry attempt \d+ of (\d+)/.exec(reasons.join()) ?? []
  const isDeleted = reasons.some((reason) => reason.startsWith('Exceeded'))
  return [
    { error: { type: ExceptionType ?? '', message: ExceptionMessage ?? '' } },
    { attempts: Number(attempts), delayMs: 0, onExceeded: isDeleted ? 'delete' : 'fail' },
  ]
}

/** A failure and what a retry makes of it. */
function isOneChange(failed: Entry, after: Entry | undefined): boolean {
  return failed.State === 'Failed' && /^(?:Retry attempt|Exceeded)/.test(after?.Reason ?? '')
}
