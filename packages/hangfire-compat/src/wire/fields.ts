import { refuse } from '@holdfast/core/storage'
import { HangfireUnreadableError } from '../errors.ts'
import { decodeDate } from './dates.ts'

/** A hash of Redis. The order of its fields means nothing. */
export type Fields = Readonly<Record<string, string>>

/** A required field of stored data. */
export function fieldOf(fields: Fields, name: string, what: string): string {
  const text = fields[name]
  if (text === undefined) throw new HangfireUnreadableError(`${name} of ${what}`, undefined, 'there')
  return text
}

/** A required date. */
export function dateOf(fields: Fields, name: string, what: string): number {
  const ms = decodeDate(fieldOf(fields, name, what), `${name} of ${what}`)
  if (ms === undefined) throw new HangfireUnreadableError(`${name} of ${what}`, fields[name], 'a date')
  return ms
}

/** A date, or undefined when the field is missing or empty. */
export function optionalDateOf(fields: Fields, name: string, what: string): number | undefined {
  const text = fields[name]
  return text === undefined ? undefined : decodeDate(text, `${name} of ${what}`)
}

/** A whole number, or undefined when the field is missing or empty. */
export function integerOf(fields: Fields, name: string, what: string): number | undefined {
  const text = fields[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new HangfireUnreadableError(`${name} of ${what}`, text, 'a whole number')
}

/** The fields that have a value. Hangfire never writes null, and neither does this package. */
export function definedFields(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) defined[name] = value
  return defined
}

export function checkText(name: string, text: string): string {
  if (typeof text === 'string' && text !== '') return text
  return refuse(name, text, 'a non-empty string')
}

/** Text that logs and the dashboard show in one line. */
export function checkName(name: string, text: string): string {
  return /\p{Cc}/u.test(checkText(name, text)) ? refuse(name, text, 'without control characters') : text
}

/** One member, or none when there is no value. */
export function optional<Name extends string, T>(
  name: Name,
  value: T | undefined,
): { readonly [Key in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: T }
}

/** Hangfire writes an empty text for "none". */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
