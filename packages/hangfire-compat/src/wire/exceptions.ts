import { HangfireUnreadableError } from '../errors.ts'
import { type Json, membersOf, parseJson } from './json.ts'
import { parseTypeName } from './type-name.ts'
import { type TypeStyle, encodeTypeName } from './type-style.ts'

/** What a deleted job keeps of the exception that ended it. */
export interface ExceptionInfo {
  /** A .NET type, or the name of an error. */
  readonly type: string
  readonly message: string
  readonly inner?: ExceptionInfo
}

export function encodeException(exception: ExceptionInfo, style: TypeStyle): string {
  return JSON.stringify(membersFor(exception, style))
}

/** @throws HangfireUnreadableError */
export function decodeException(text: string): ExceptionInfo {
  const exception = exceptionOf(parseJson(text))
  if (exception === undefined) throw new HangfireUnreadableError('Exception of Deleted', text, 'an exception')
  return exception
}

/** At most 100 lines, as Hangfire 1.8 writes them. */
export function shortenDetails(details: string): string {
  const lines = details.toWellFormed().split('\n')
  return lines.length > 100 ? lines.slice(0, 100).join('\n') : lines.join('\n')
}

function membersFor({ type, message, inner }: ExceptionInfo, style: TypeStyle): object {
  const parsed = parseTypeName(type)
  return {
    e: parsed === undefined ? type : encodeTypeName(parsed, style),
    m: message.toWellFormed(),
    ...(inner === undefined ? {} : { i: membersFor(inner, style) }),
  }
}

function exceptionOf(json: Json | undefined): ExceptionInfo | undefined {
  const members = membersOf(json)
  const [type, message, inner] = [members?.get('e'), members?.get('m'), members?.get('i')]
  if (typeof type !== 'string') return undefined
  const innermost = inner === undefined || inner === null ? undefined : exceptionOf(inner)
  return {
    type,
    message: typeof message === 'string' ? message : '',
    ...(innermost === undefined ? {} : { inner: innermost }),
  }
}
