import type { SaidJob, SaidPages } from '@holdfast/test-support/hangfire'
import type { DotnetProcess } from './dotnet-process.ts'
import { type EventName, type Said, type SaidOf, type SaidRecurring, says } from './said.ts'

/** Jobs that the program can make: see `JobOf` in Commands.cs. */
export type JobKind =
  | 'log'
  | 'add'
  | 'review'
  | 'kinds'
  | 'nulls'
  | 'fail'
  | 'failed'
  | 'critical'
  | 'exclusive'
  | 'account'
  | 'nested'
  | 'sleep'
  | 'node'
  | 'queued'
  | 'node-kinds'
  | 'node-nulls'
  | 'contracted'
  | 'demo-review'
  | 'witnessed'
  | 'node-witness'

export interface EnqueueOptions {
  readonly queue?: string
  readonly delaySeconds?: number
  readonly after?: string
  readonly on?: 'succeeded' | 'deleted' | 'any'
  /** How long it lasts, for the kinds that stay. */
  readonly ms?: number
  /** Of the witness, for the kinds that have one. */
  readonly name?: string
  /** What the demo is to review. */
  readonly repository?: string
  readonly range?: string
}

export interface HoldOptions {
  readonly seconds: number
  readonly waitSeconds?: number
  readonly times?: number
  readonly pauseSeconds?: number
}

/** A .NET client of Hangfire that a test steers: each call is a line to one process, which answers in milliseconds. */
export interface Drive {
  enqueue(kind: JobKind, options?: EnqueueOptions): Promise<string>
  enqueueMany(count: number, kind: JobKind, options?: EnqueueOptions): Promise<readonly string[]>
  /** What the buttons of the dashboard call. False: the job was not there, or another was faster. */
  delete(id: string): Promise<boolean>
  requeue(id: string): Promise<boolean>
  /** What IMonitoringApi says of it. */
  show(id: string): Promise<SaidJob>
  stats(): Promise<SaidPages>
  recurring(): Promise<readonly SaidRecurring[]>
  addRecurring(queue?: string): Promise<readonly SaidRecurring[]>
  trigger(id: string): Promise<string | null>
  removeRecurring(id: string): Promise<void>
  /** Holds a lock, again and again. What it said: `acquired`, `enter`, `leave`, `released`, or `timeout`. */
  hold(resource: string, options: HoldOptions): Promise<readonly Said[]>
}

/** @param process one that was started with `drive` */
export function driveOf(process: DotnetProcess): Drive {
  let lines = 0
  async function say(...words: readonly (string | number | undefined)[]): Promise<readonly Said[]> {
    const from = process.said.length
    const number = (lines += 1)
    process.write(
      words
        .filter((word) => word !== undefined && word !== '')
        .map(quoted)
        .join(' '),
    )
    const end = await Promise.race([
      process.until('done', ({ line }) => line === number, { from }),
      process.until('error', (line) => 'line' in line && line.line === number, { from }),
    ])
    if (end.event === 'error') throw new Error(`${end.where}: ${end.type}: ${end.message}`)
    return process.said.slice(from, process.said.indexOf(end))
  }
  const one = <E extends EventName>(event: E, said: readonly Said[]): SaidOf<E> => {
    const found = said.find(says(event))
    if (found === undefined) throw new Error(`the program said no '${event}': ${JSON.stringify(said)}`)
    return found
  }
  const all = <E extends EventName>(event: E, said: readonly Said[]): SaidOf<E>[] => said.filter(says(event))

  /** What would break a page of .NET breaks the case. */
  async function page<E extends 'job' | 'stats'>(event: E, ...words: readonly string[]): Promise<SaidOf<E>> {
    const said = await say(...words)
    const broken = all('error', said)
    if (broken.length > 0) throw new Error(`pages of .NET would break: ${JSON.stringify(broken)}`)
    return one(event, said)
  }
  const enqueueMany: Drive['enqueueMany'] = async (count, kind, options = {}) => {
    const { queue, delaySeconds, after, on, ms, name, repository, range } = options
    const flags = { kind, queue, delay: delaySeconds, after, on, ms, name, repository, range }
    return all('created', await say('enqueue', count, ...flagsOf(flags))).map(({ id }) => id)
  }
  return {
    enqueueMany,
    enqueue: async (kind, options) => (await enqueueMany(1, kind, options))[0] ?? '',
    delete: async (id) => one('delete', await say('delete', id)).done,
    requeue: async (id) => one('requeue', await say('requeue', id)).done,
    show: async (id) => await page('job', 'show', id),
    stats: async () => await page('stats', 'stats'),
    recurring: async () => all('recurring', await say('recurring', 'list')),
    addRecurring: async (queue) => all('recurring', await say('recurring', 'add', ...flagsOf({ queue }))),
    trigger: async (id) => one('triggered', await say('recurring', 'trigger', id)).job,
    removeRecurring: async (id) => void (await say('recurring', 'remove', id)),
    hold: async (resource, { seconds, waitSeconds, times, pauseSeconds }) =>
      await say('lock', resource, seconds, ...flagsOf({ wait: waitSeconds, times, pause: pauseSeconds })),
  }
}

function flagsOf(flags: Readonly<Record<string, string | number | undefined>>): (string | number)[] {
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

function quoted(word: string | number | undefined): string {
  return typeof word === 'string' && /\s/.test(word) ? `"${word}"` : String(word)
}
