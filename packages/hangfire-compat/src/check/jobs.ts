import type { Reader } from '../monitor/reader.ts'
import type { Found } from '../monitor/unreadable.ts'
import type { Fields } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { type Findings, levelOf } from './findings.ts'
import { type Placement, readJobLists, searchJob } from './job-lists.ts'
import { type JobFacts, type Problem, problemsOf, readFacts } from './job-problems.ts'
import { readServer } from './servers.ts'

export interface JobsLook {
  readonly reader: Reader
  readonly keys: HangfireKeys
  readonly queues: readonly string[]
  readonly dotNetQueues: ReadonlySet<string>
  readonly now: number
  readonly findings: Findings
  readonly found: Found
}

export interface CheckedJobs {
  /** How many entries the lists of jobs have, and how many were looked at. */
  readonly entries: number
  readonly read: number
  readonly lengths: ReadonlyMap<string, { readonly length: number; readonly fetched: number }>
  /** The hashes of the jobs that were looked at. */
  readonly hashes: readonly Fields[]
}

/**
 * What is wrong with the jobs of all lists. Jobs move while they are read, so what may be on its way is looked at again after
 * `settleMs`, and counts only if it is the same.
 */
export async function checkJobs(look: JobsLook, limit: number, settleMs: number): Promise<CheckedJobs> {
  const { reader, keys, queues, findings, found } = look
  const lists = await readJobLists(reader, keys, queues, limit, found)
  const hashes: Fields[] = []
  const suspects = new Map<string, readonly Problem[]>()
  const ids = [...lists.jobs.keys()]
  for (let from = 0; from < ids.length; from += AT_A_TIME) {
    const facts = await readFacts(reader, keys, ids.slice(from, from + AT_A_TIME), found)
    const problems = await judge(look, facts, (id) => lists.jobs.get(id) ?? NOWHERE)
    for (const [id, each] of problems) {
      if (each.some(([code]) => levelOf(code) !== 'note')) suspects.set(id, each)
      else for (const problem of each) findings.add(...problem)
    }
    hashes.push(...facts.map(({ fields }) => fields))
  }
  if (suspects.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    await lookAgain(look, suspects)
  }
  return { entries: lists.entries, read: lists.read, lengths: lists.lengths, hashes }
}

const AT_A_TIME = 1_000
const NOWHERE: Placement = { queuedIn: [], fetchedFrom: [] }

async function lookAgain(look: JobsLook, suspects: ReadonlyMap<string, readonly Problem[]>): Promise<void> {
  const { reader, keys, queues, findings, found } = look
  const ids = [...suspects.keys()]
  for (let from = 0; from < ids.length; from += SEARCHED_AT_A_TIME) {
    const some = ids.slice(from, from + SEARCHED_AT_A_TIME)
    const facts = await readFacts(reader, keys, some, found)
    const places = new Map(
      await Promise.all(
        some.map(async (id) => [id, await searchJob(reader, keys, queues, id, found)] as const),
      ),
    )
    for (const [id, each] of await judge(look, facts, (of) => places.get(of) ?? NOWHERE)) {
      const before = new Set(suspects.get(id)?.map(String))
      for (const problem of each) if (before.has(String(problem))) findings.add(...problem)
    }
  }
}

const SEARCHED_AT_A_TIME = 20

async function judge(
  { reader, keys, now, dotNetQueues, found }: JobsLook,
  facts: readonly JobFacts[],
  placeOf: (id: string) => Placement,
): Promise<ReadonlyMap<string, readonly Problem[]>> {
  const named = new Set(
    facts.flatMap(({ state }) => (state.State === 'Processing' ? (state.ServerId ?? []) : [])),
  )
  // A job may name a server that is no member any more, or has just become one.
  const servers = await Promise.all(Array.from(named, (id) => readServer(reader, keys, id, now, found)))
  const alive = new Set(servers.flatMap(({ id, isAlive }) => (isAlive ? [id] : [])))
  const surroundings = { isAlive: (id: string) => alive.has(id), dotNetQueues }
  return new Map(facts.map((each) => [each.id, problemsOf(each, placeOf(each.id), surroundings)]))
}
