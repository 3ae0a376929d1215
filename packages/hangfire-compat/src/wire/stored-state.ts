import { HangfireUnreadableError } from '../errors.ts'
import { type DateDialect, encodeDate } from './dates.ts'
import { dateOf, definedFields, type Fields, fieldOf } from './fields.ts'
import { isNumber, type Json, membersOf, parseJson } from './json.ts'

/** A state as it is stored, whatever its name: nothing of it is interpreted. */
export interface StoredState {
  readonly name: string
  /** Why the job got it, for people; null when the caller gave none. */
  readonly reason: string | null
  readonly data: Fields
}

/** A state that a job had, and since when (on the writer's clock). */
export interface HistoryEntry extends StoredState {
  readonly createdAt: number
}

/** The fields of `job:<id>:state`. The reason is left out when there is none. */
export function encodeStateHash({ name, reason, data }: StoredState): Record<string, string> {
  return { ...data, State: name, ...(reason === null ? {} : { Reason: reason }) }
}

/** @returns undefined for an empty hash: a .NET application without transactions shows the name of a state before the rest */
export function decodeStateHash(fields: Fields): StoredState | undefined {
  if (Object.keys(fields).length === 0) return undefined
  const { State: _, Reason: reason = null, ...data } = fields
  return { name: fieldOf(fields, 'State', 'the state'), reason, data }
}

/** An element of `job:<id>:history`: flat, since a nested value breaks the page of the job. */
export function encodeHistoryEntry(
  { name, reason, data, createdAt }: HistoryEntry,
  dates: DateDialect,
): string {
  return JSON.stringify({ ...data, State: name, Reason: reason, CreatedAt: encodeDate(createdAt, dates) })
}

/** @throws HangfireUnreadableError */
export function decodeHistoryEntry(text: string): HistoryEntry {
  const members = membersOf(parseJson(text))
  if (members === undefined) throw new HangfireUnreadableError('the history entry', text, 'a JSON object')
  const flat = Array.from(members, ([name, value]) => [name, textOf(value)] as const)
  const nested = flat.find(([, value]) => value === undefined)
  if (nested !== undefined)
    throw new HangfireUnreadableError(`${nested[0]} of a history entry`, text, 'a flat value')
  const fields = definedFields(Object.fromEntries(flat.map(([name, value]) => [name, value ?? undefined])))
  const { State: _, Reason: reason = null, CreatedAt: __, ...data } = fields
  const name = fieldOf(fields, 'State', 'the history entry')
  return { name, reason, data, createdAt: dateOf(fields, 'CreatedAt', 'the history entry') }
}

/** .NET reads numbers and booleans as texts. */
function textOf(value: Json): string | null | undefined {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return isNumber(value) ? value.digits : undefined
}
