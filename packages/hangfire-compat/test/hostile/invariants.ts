import { decodeContinuations } from '../../src/wire/continuations.ts'
import {
  pagesBrokenByHistory,
  pagesBrokenByJob,
  pagesBrokenByRecurringJob,
  pagesBrokenByServer,
  pagesBrokenByState,
} from '../../src/wire/page-rules.ts'
import type { Snapshot } from './snapshot.ts'

export interface Expectations {
  /** Jobs that a .NET process is in the middle of: it does in several steps what must be one. Default: none. */
  readonly inHands?: ReadonlySet<string> | undefined
  /** No process deletes or requeues a job that is queued or runs, or makes copies of it: then it is in one place only. Default: false. */
  readonly isCalm?: boolean | undefined
  /** Nothing is left to be done: queues and lists of fetched jobs are empty. Default: false. */
  readonly isIdle?: boolean | undefined
}

interface Entry {
  readonly State: string
  readonly Reason: string | null
}

/** Where a job in a state is listed. */
const LISTED: Readonly<Record<string, string>> = {
  Processing: 'processing',
  Failed: 'failed',
  Succeeded: 'succeeded',
  Deleted: 'deleted',
  Scheduled: 'schedule',
}

/** What is wrong with the data of a prefix, as sentences. */
export function violations(found: Snapshot, expectations: Expectations = {}): readonly string[] {
  const jobs = [...found.hashes].flatMap(([key, fields]) => {
    const [, id] = /^job:([^:]+)$/.exec(key) ?? []
    return id === undefined || fields.Type === undefined ? [] : [[id, fields] as const]
  })
  return [
    ...jobs.flatMap(([id, fields]) => ofJob(found, id, fields, expectations)),
    ...ofLists(found),
    ...ofStatistics(
      found,
      jobs.map(([id]) => id),
    ),
    ...ofServers(found),
    ...(expectations.isIdle === true ? jobs.flatMap(([id, fields]) => ofChildren(found, id, fields)) : []),
    ...(found.zsets.has('awaiting') ? ['awaiting has members'] : []),
  ]
}

/** How often a job lies in queues, and in lists of fetched jobs. */
function placesOf({ lists }: Snapshot, id: string): { readonly queued: number; readonly fetched: number } {
  const [queued, fetched] = [/^queue:[^:]+$/, /^queue:[^:]+:dequeued$/].map((name) =>
    [...lists].flatMap(([key, ids]) => (name.test(key) ? ids : [])).filter((each) => each === id),
  )
  return { queued: queued?.length ?? 0, fetched: fetched?.length ?? 0 }
}

function ofJob(
  found: Snapshot,
  id: string,
  fields: Readonly<Record<string, string>>,
  { inHands, isCalm = false, isIdle = false }: Expectations,
): readonly string[] {
  const { State } = fields
  const [state, history] = [found.hashes.get(`job:${id}:state`), found.lists.get(`job:${id}:history`)]
  const { queued, fetched } = placesOf(found, id)
  const places = queued + fetched
  const isFree = inHands?.has(id) !== true
  const isEnded = State === 'Succeeded' || State === 'Deleted'
  const isActive = State === 'Enqueued' || State === 'Processing'
  const listedIn = Object.entries(LISTED).flatMap(([name, key]) => (isListed(found, key, id) ? [name] : []))
  const shouldBeIn = State !== undefined && State in LISTED ? State : ''
  // .NET's scheduler has put its member `queue:id` into that queue, and left its state.
  const isFromMember = State === 'Scheduled' && listedIn.length === 0 && places > 0
  const wrong = (is: boolean, what: string): readonly string[] => (is ? [`${id} (${State}): ${what}`] : [])
  const broken = [
    ...pagesBrokenByJob(fields, queued > 0),
    ...pagesBrokenByState(state ?? {}),
    ...(history ?? []).flatMap(pagesBrokenByHistory),
  ]
  return [
    ...broken.flatMap(({ page, because }) => wrong(true, `${page} breaks: ${because}`)),
    ...wrong(State !== state?.State, `its state's hash says ${state?.State}`),
    ...wrong(State !== entriesOf(history).at(-1)?.State, 'its history ends otherwise'),
    ...wrong(!isFromMember && listedIn.join() !== shouldBeIn, `listed in ${listedIn.join()}`),
    ...wrong(found.zsets.get('retries')?.has(id) === true && State !== 'Scheduled', 'in retries'),
    ...wrong(isFree && isActive && places === 0, 'in no queue and not fetched: no server will ever run it'),
    ...wrong(isFree && isCalm && isActive && places !== 1, `in ${queued} queues, fetched ${fetched} times`),
    ...wrong(isFree && isCalm && !isActive && places !== 0, `in ${queued} queues, fetched ${fetched} times`),
    ...wrong(isIdle && (isActive || State === 'Scheduled'), 'there is more to do'),
    ...wrong(isIdle && places > 0, `left in ${queued} queues, fetched ${fetched} times`),
    ...wrong(isIdle && 'Fetched' in fields, 'has Fetched'),
    ...wrong(State !== undefined && found.expiring.has(`job:${id}`) !== isEnded, 'its expiry is wrong'),
  ]
}

/** A child that still waits when its parent has ended waits for ever. */
function ofChildren(
  found: Snapshot,
  id: string,
  { State, Continuations = '' }: Readonly<Record<string, string>>,
): readonly string[] {
  if (Continuations === '' || (State !== 'Succeeded' && State !== 'Deleted')) return []
  return decodeContinuations(Continuations).flatMap(({ jobId }) =>
    found.hashes.get(`job:${jobId}`)?.State === 'Awaiting'
      ? [`${id} (${State}): its child ${jobId} waits`]
      : [],
  )
}

function isListed({ lists, zsets }: Snapshot, key: string, id: string): boolean {
  const member = (each: string): boolean => each === id || each.endsWith(`:${id}`)
  return (lists.get(key) ?? [...(zsets.get(key)?.keys() ?? [])]).some(member)
}

function ofLists(found: Snapshot): readonly string[] {
  return Object.entries(LISTED).flatMap(([name, key]) => {
    const members = found.lists.get(key) ?? [...(found.zsets.get(key)?.keys() ?? [])]
    return members.flatMap((member, at) => {
      const state = found.hashes.get(`job:${member.replace(/^.*:/, '')}`)?.State
      return [
        ...(state === name ? [] : [`${key} has ${member}, which is ${state}`]),
        ...(members.indexOf(member) === at ? [] : [`${key} has ${member} twice`]),
      ]
    })
  })
}

/** Counters by what histories tell: every job that ever was must still be there. */
function ofStatistics({ strings, hashes, lists }: Snapshot, ids: readonly string[]): readonly string[] {
  const histories = ids.map((id) => entriesOf(lists.get(`job:${id}:history`)))
  const now = (name: string): number => ids.filter((id) => hashes.get(`job:${id}`)?.State === name).length
  const ever = (name: string): number =>
    histories.reduce(
      (sum, entries) =>
        sum + entries.filter((entry, at) => entry.State === name && !isStep(entries[at + 1])).length,
      0,
    )
  const counted = (name: string, period: RegExp): number =>
    [...strings].reduce((sum, [key, value]) => {
      const [, outcome, at = ''] = /^stats:([a-z]+):(.+)$/.exec(key) ?? []
      return outcome === name.toLowerCase() && period.test(at) ? sum + Number(value) : sum
    }, 0)
  const differs = (what: string, is: number, should: number): readonly string[] =>
    is === should ? [] : [`${what} is ${is}, not ${should}`]
  return [
    ...differs('stats:succeeded', Number(strings.get('stats:succeeded') ?? 0), now('Succeeded')),
    ...differs('stats:deleted', Number(strings.get('stats:deleted') ?? 0), now('Deleted')),
    ...['Succeeded', 'Deleted', 'Failed'].flatMap((name) => [
      ...differs(`${name} by day`, counted(name, /^\d+-\d+-\d+$/), ever(name)),
      ...differs(`${name} by hour`, counted(name, /^\d+-\d+-\d+-\d+$/), ever(name)),
    ]),
  ]
}

/** What a failure became in the same change. */
function isStep(after: Entry | undefined): boolean {
  return /^(?:Retry attempt|Exceeded the maximum|Retries were disabled)/.test(after?.Reason ?? '')
}

function ofServers({ sets, hashes }: Snapshot): readonly string[] {
  const recurring = [...hashes].filter(([key]) => key.startsWith('recurring-job:'))
  return [
    ...(sets.get('servers') ?? []).flatMap((id) => pagesBrokenByServer(hashes.get(`server:${id}`) ?? {})),
    ...recurring.flatMap(([, fields]) => pagesBrokenByRecurringJob(fields)),
  ].map(({ page, because }) => `${page} breaks: ${because}`)
}

function entriesOf(history: readonly string[] | undefined): readonly Entry[] {
  return (history ?? []).map((text) => JSON.parse(text) as Entry)
}
