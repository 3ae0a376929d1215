import { InvalidArgumentError } from '@holdfast/core'
import { type OptionTable, checkObject, refuse, resolveOptions } from '@holdfast/core/storage'
import { HangfireUnreadableError } from '../errors.ts'
import type { Dialect } from '../wire/dialect.ts'
import { checkName } from '../wire/fields.ts'
import type { Invocation } from '../wire/invocation.ts'
import { checkQueueName } from '../wire/queue-name.ts'
import { type TypeName, formatTypeName, parseTypeName, typeKey } from '../wire/type-name.ts'
import { encodeTypeName } from '../wire/type-style.ts'
import {
  type AnyParameter,
  type InjectedParameter,
  type Parameter,
  checkParameter,
  encodeWith,
  isInjected,
} from './parameter.ts'

/** Which method of which type a job calls, with what, and in which queue. */
export interface HangfireJobOptions<Parameters extends readonly AnyParameter[]> {
  /**
   * The class or interface, with its assembly: `Acme.Contracts.INodeReviews, Acme.Contracts`. In a prefix that .NET does not share any
   * name will do: `reviews`.
   */
  readonly type: string
  /** The method of `type` that the job calls, as .NET names it. */
  readonly method: string
  /**
   * In the order of the method, those that the server fills in included.
   * @default none
   */
  readonly parameters?: Parameters
  /**
   * Lower-case letters, digits, `_` and `-`.
   * @default 'default'
   */
  readonly queue?: string
}

/** The contract of a job: the method that it calls, and the types of its arguments. */
export interface HangfireJob<
  out Args extends readonly unknown[] = readonly unknown[],
  in Values extends readonly unknown[] = Args,
> {
  readonly type: TypeName
  readonly method: string
  readonly queue: string
  readonly parameters: readonly AnyParameter[]
  /** What a handler gets. For types only: there is no such value. */
  readonly _args?: Args
  /** What a caller passes. For types only. */
  readonly _values?: (values: Values) => void
}

/** What a handler gets: a value for each parameter that the server does not fill in. */
export type ArgumentsOf<Parameters extends readonly unknown[]> = Parameters extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends InjectedParameter
    ? ArgumentsOf<Rest>
    : First extends Parameter<infer Out, never>
      ? readonly [Out, ...ArgumentsOf<Rest>]
      : never
  : readonly []

/** What a caller passes. */
export type ValuesOf<Parameters extends readonly unknown[]> = Parameters extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends InjectedParameter
    ? ValuesOf<Rest>
    : First extends Parameter<unknown, infer In>
      ? readonly [In, ...ValuesOf<Rest>]
      : never
  : readonly []

/**
 * Names a .NET method and the types of its parameters, once for callers and handlers.
 *
 * @throws InvalidArgumentError for a type or parameter that is none, or a queue that Hangfire refuses
 */
export function defineHangfireJob<const Parameters extends readonly AnyParameter[] = readonly []>(
  options: HangfireJobOptions<Parameters>,
): HangfireJob<ArgumentsOf<Parameters>, ValuesOf<Parameters>> {
  const { type, method, parameters, queue } = resolveOptions(DEFINITION, options)
  return {
    type: parseTypeName(type) ?? refuse('type', type, 'a .NET type name'),
    method,
    queue,
    parameters,
  }
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const DEFINITION: OptionTable<HangfireJobOptions<readonly AnyParameter[]>> = {
  type: [checkName],
  method: [checkName],
  parameters: [checkParameters, []],
  queue: [checkQueueName, 'default'],
}

function checkParameters(name: string, parameters: readonly AnyParameter[]): readonly AnyParameter[] {
  if (!Array.isArray(parameters)) return refuse(name, parameters, 'an array of types of t')
  // A hole, too, counts as undefined.
  return Array.from(parameters, (parameter: AnyParameter, i) =>
    isInjected(parameter) ? parameter : checkParameter(`${name}[${i}]`, parameter),
  )
}

/** @throws InvalidArgumentError for what is no definition */
export function checkDefinition<Job extends HangfireJob<readonly unknown[], never>>(
  name: string,
  job: Job,
): Job {
  const { type, parameters } = checkObject(name, job) as Partial<Job>
  if (type === undefined || !Array.isArray(parameters)) refuse(name, job, 'what defineHangfireJob() returns')
  return job
}

/**
 * The call of a job with these values, in a dialect.
 *
 * @param queue an explicit queue; default: none, so that .NET takes the queue of the method's attribute
 * @throws InvalidArgumentError for what .NET could not bind
 */
export function encodeCall<Values extends readonly unknown[]>(
  job: HangfireJob<readonly unknown[], Values>,
  values: Values,
  dialect: Dialect,
  queue?: string,
): Invocation {
  const wanted = job.parameters.filter((parameter) => !isInjected(parameter)).length
  if (!Array.isArray(values) || values.length !== wanted)
    throw new InvalidArgumentError(
      `${nameOf(job)} takes ${wanted} arguments in an array, one for each parameter that the server does not fill in.`,
    )
  let next = 0
  const texts = job.parameters.map((parameter, i) => {
    if (isInjected(parameter)) return null
    const value = values[next++]
    // The types of a definition hold its values to its parameters.
    const name = `Argument ${next} of ${nameOf(job)} (parameter ${i + 1})`
    return encodeWith(parameter as Parameter<unknown>, name, value, dialect.dates)
  })
  return {
    type: encodeTypeName(job.type, dialect),
    method: job.method,
    parameterTypes: job.parameters.map(({ type }) => encodeTypeName(type, dialect)),
    arguments: texts,
    ...(queue === undefined ? {} : { queue: checkQueueName('queue', queue) }),
  }
}

/**
 * What a call passes to the handler of its job. Too many arguments are ignored, as .NET does.
 *
 * @throws HangfireUnreadableError for too few arguments, and for one that .NET would refuse
 */
export function decodeCall<Args extends readonly unknown[]>(
  job: HangfireJob<Args, never>,
  { arguments: texts }: Invocation,
): Args {
  if (texts.length < job.parameters.length)
    throw new HangfireUnreadableError(
      `the list of arguments of ${nameOf(job)}`,
      JSON.stringify(texts),
      `${job.parameters.length} arguments`,
    )
  const values = job.parameters.flatMap((parameter, i) =>
    isInjected(parameter) ? [] : [parameter.decode(`argument ${i + 1} of ${nameOf(job)}`, texts[i] ?? null)],
  )
  // One value for each parameter of the definition, of its type.
  return values as unknown as Args
}

/** The same text for a definition and every call of it, however their types are spelt. Use it to find a call's definition. */
export function signatureOf(call: HangfireJob<readonly unknown[], never> | Invocation): string {
  const types = 'parameters' in call ? call.parameters.map(({ type }) => type) : call.parameterTypes
  return `${typeKey(call.type)} ${call.method}(${types.map(typeKey).join('; ')})`
}

function nameOf({ type, method }: HangfireJob<readonly unknown[], never>): string {
  return `${formatTypeName({ ...type, arguments: [] }).split(',')[0] ?? ''}.${method}`
}
