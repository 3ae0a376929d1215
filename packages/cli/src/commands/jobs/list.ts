import type { ExecutionSnapshot } from '@holdfast/core'
import { Exit, exitCodes } from '../../exit.ts'
import { print, printJson, remark } from '../../output/io.ts'
import { table } from '../../output/table.ts'
import { count, counted, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { clock } from '../../session/clock.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { type Session, withSession } from '../../session/session.ts'
import { noJobs, unknownType } from './find-job.ts'
import { STATES, type State, listText, stateOf } from './job-text.ts'

export interface ListOptions extends ConnectionOptions {
  readonly status?: State | undefined
  readonly limit: number
}

const PAGE = 500

/** `holdfast jobs list [TYPE]`: the types with their counts, or the executions of one. */
export async function listJobs(
  type: string | undefined,
  { json = false, ...options }: ListOptions,
): Promise<number> {
  return await withSession(options, async (session) =>
    type === undefined
      ? await listTypes(session, json)
      : await listOfType(session, type, { ...options, json }),
  )
}

interface Found {
  readonly executions: readonly ExecutionSnapshot[]
  /** Records of another version. */
  readonly unreadable: readonly string[]
  /** There are more. */
  readonly more: boolean
}

/** Goes through the records of a type until there are `limit`. */
async function executionsOf(
  { holdfast }: Session,
  type: string,
  { status, limit }: { readonly status?: State | undefined; readonly limit: number },
): Promise<Found> {
  const executions: ExecutionSnapshot[] = []
  const unreadable: string[] = []
  let cursor: string | undefined
  do {
    const page = await holdfast.idempotency.list(type, { limit: PAGE, cursor })
    executions.push(...page.executions.filter((each) => status === undefined || stateOf(each) === status))
    unreadable.push(...page.unreadable)
    ;({ cursor } = page)
  } while (cursor !== undefined && executions.length < limit)
  const more = cursor !== undefined || executions.length > limit
  return { executions: executions.slice(0, limit), unreadable, more }
}

async function listOfType(
  session: Session,
  type: string,
  { json = false, ...options }: ListOptions,
): Promise<number> {
  const { executions, unreadable, more } = await executionsOf(session, type, options)
  if (executions.length === 0 && unreadable.length === 0 && !more) {
    const types = await session.holdfast.idempotency.listJobTypes()
    if (!types.includes(type)) return await unknownType(session, type, types)
  }
  const sorted = executions.toSorted((a, b) => b.startTime.getTime() - a.startTime.getTime())
  if (json) {
    const shown = sorted.map((each) => ({ ...each, state: stateOf(each) }))
    await printJson('jobs list', { jobType: type, executions: shown, unreadable, more })
    return exitCodes.fine
  }
  if (sorted.length > 0) await print(listText(sorted, await clock(session)))
  await remark(`${counted(sorted.length, 'execution')}${more ? ', and there are more (--limit)' : ''}`)
  if (unreadable.length > 0) await remark(otherVersion(unreadable))
  return exitCodes.fine
}

async function listTypes(session: Session, json: boolean): Promise<number> {
  const types = await session.holdfast.idempotency.listJobTypes()
  if (types.length === 0) {
    const { isMissing, text } = await prefixHint(session)
    if (json) await printJson('jobs list', { types: [] })
    if (isMissing) throw new Exit(exitCodes.findings, text)
    if (!json) await remark(`${noJobs(session)} ${text}`.trimEnd())
    return exitCodes.fine
  }
  const rows = await Promise.all(
    types.map(async (jobType) => {
      const { executions, unreadable } = await executionsOf(session, jobType, { limit: Infinity })
      const counts = Object.fromEntries(
        STATES.map((state) => [state, executions.filter((each) => stateOf(each) === state).length]),
      ) as Readonly<Record<State, number>>
      return { jobType, counts, unreadable }
    }),
  )
  if (json) {
    await printJson('jobs list', {
      types: rows.map(({ unreadable, ...row }) => ({ ...row, unreadable: unreadable.length })),
    })
    return exitCodes.fine
  }
  const cells = rows.map(({ jobType, counts }) => [
    visible(jobType),
    ...STATES.map((state) => count(counts[state])),
  ])
  await print(table(['TYPE', ...STATES.map((state) => state.toUpperCase())], cells))
  const unreadable = rows.flatMap((row) => row.unreadable.map((key) => `${row.jobType} ${key}`))
  if (unreadable.length > 0) await remark(otherVersion(unreadable))
  return exitCodes.fine
}

function otherVersion(keys: readonly string[]): string {
  const some = keys.slice(0, 5).map(visible).join(', ')
  return `${counted(keys.length, 'record')} of another version of Holdfast, or of another program, cannot be read: ${some}${keys.length > 5 ? ', …' : ''}. holdfast codes RECORD_UNREADABLE says what to do.`
}
