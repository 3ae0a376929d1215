import { HangfireUnreadableError } from '../errors.ts'
import type { DateDialect } from './dates.ts'
import { definedFields, type Fields } from './fields.ts'
import { isNumber, itemsOf, type Json, membersOf, parseJson } from './json.ts'

/** Which method a job calls, and with what, as text: no type is looked up and no argument is read. */
export interface Invocation {
  readonly type: string
  readonly method: string
  readonly parameterTypes: readonly string[]
  /** One JSON text for each parameter; null for null, and for what the server fills in. */
  readonly arguments: readonly (string | null)[]
  /** An explicit queue, which wins over the queue of a state that says `default`. */
  readonly queue?: string
}

/** The fields of `job:<id>` that say what it calls. */
export function encodeInvocationFields(invocation: Invocation): Record<string, string> {
  return definedFields({
    Type: invocation.type,
    Method: invocation.method,
    ParameterTypes: JSON.stringify(invocation.parameterTypes),
    Arguments: JSON.stringify(invocation.arguments),
    Queue: queueOf(invocation.queue),
  })
}

/** @throws HangfireUnreadableError */
export function decodeInvocationFields(fields: Fields): Invocation {
  const { Type: type, Method: method, ParameterTypes: types = '[]', Arguments: args, Queue: queue } = fields
  if (type === undefined || method === undefined || args === undefined)
    throw new HangfireUnreadableError(
      'the job',
      JSON.stringify(fields),
      'a job with Type, Method and Arguments',
    )
  return withQueue({ type, method, ...decodeLists(types, args) }, queue)
}

/** The `Job` of a recurring job: short names from level 170 on, and at 110 long ones, with lists in texts. */
export function encodePayload(invocation: Invocation, dates: DateDialect): string {
  const { type, method, parameterTypes, arguments: args, queue } = invocation
  const q = queueOf(queue)
  if (dates === 'ms')
    return JSON.stringify({
      t: type,
      m: method,
      ...(parameterTypes.length === 0 ? {} : { p: parameterTypes }),
      ...(args.length === 0 ? {} : { a: args }),
      q,
    })
  const lists = { ParameterTypes: JSON.stringify(parameterTypes), Arguments: JSON.stringify(args) }
  return JSON.stringify({ Type: type, Method: method, ...lists, Queue: q })
}

/** Reads both forms, also wrapped with types by Newtonsoft.Json. @throws HangfireUnreadableError */
export function decodePayload(text: string): Invocation {
  const members = membersOf(parseJson(text))
  const member = (short: string, long: string): Json | undefined => members?.get(short) ?? members?.get(long)
  const [type, method, queue] = [member('t', 'Type'), member('m', 'Method'), member('q', 'Queue')]
  if (typeof type !== 'string' || typeof method !== 'string')
    throw new HangfireUnreadableError('Job of the recurring job', text, 'a job with a type and a method')
  const lists = decodeLists(member('p', 'ParameterTypes') ?? [], member('a', 'Arguments') ?? [])
  return withQueue({ type, method, ...lists }, typeof queue === 'string' ? queue : undefined)
}

function decodeLists(types: Json, args: Json): Pick<Invocation, 'parameterTypes' | 'arguments'> {
  const parameterTypes = textsOf(types)
  if (parameterTypes === undefined || parameterTypes.includes(null))
    throw new HangfireUnreadableError('ParameterTypes', shown(types), 'a list of type names')
  const texts = textsOf(args)
  if (texts === undefined) throw new HangfireUnreadableError('Arguments', shown(args), 'a list of JSON texts')
  return { parameterTypes: parameterTypes.filter((each) => each !== null), arguments: texts }
}

/** A list, a list in a text, or one that .NET wrapped with its type. Numbers in it are read as texts, as .NET does. */
function textsOf(list: Json): readonly (string | null)[] | undefined {
  const items = itemsOf(typeof list === 'string' ? parseJson(list) : list)?.map((item) => {
    if (item === null || typeof item === 'string') return item
    if (typeof item === 'boolean') return String(item)
    return isNumber(item) ? item.digits : undefined
  })
  return items === undefined || items.includes(undefined)
    ? undefined
    : items.filter((item) => item !== undefined)
}

function shown(list: Json): string {
  return typeof list === 'string' ? list : 'no list'
}

/** An empty queue makes a job unloadable on storage 1.12.0, so it is neither read nor written. */
function queueOf(queue: string | undefined): string | undefined {
  return queue === '' ? undefined : queue
}

function withQueue(invocation: Invocation, queue: string | undefined): Invocation {
  const explicit = queueOf(queue)
  return explicit === undefined ? invocation : { ...invocation, queue: explicit }
}
