import { InvalidArgumentError } from '@holdfast/core'
import { checkObject, checkString, refuse } from '@holdfast/core/storage'
import { type TypeName, checkTypeName } from '../wire/type-name.ts'

/** A value that .NET formats alike on every machine. */
export type FormatArgument = string | number | bigint | boolean | null

/** What `[DisableConcurrentExecution]` of .NET locks. */
export type HangfireLockResource =
  /** Of `[DisableConcurrentExecution(seconds)]`: the type with its assembly, and the method that has the attribute. */
  | { readonly type: string; readonly method: string }
  /** Of `[DisableConcurrentExecution("account:{0}", seconds)]`: that text, and the arguments of the job. */
  | { readonly format: string; readonly args: readonly FormatArgument[] }

/**
 * The name of the lock that `[DisableConcurrentExecution]` takes in .NET.
 *
 * By type and method: without namespace and arguments, so types of one name in two namespaces share a lock. By format: as
 * `String.Format` puts it, then in lower case, which .NET does by its culture: a Turkish one makes another letter of `I`.
 *
 * @throws InvalidArgumentError for a value that .NET formats by culture or in ways that are not known here: pass the text
 */
export function hangfireLockResource(resource: HangfireLockResource): string {
  const given = checkObject('resource', resource) as HangfireLockResource
  if (!('format' in given)) {
    const method = checkString('method', given.method)
    if (!/^[^\s.(),:]+$/.test(method)) refuse('method', method, 'the name of a method')
    return lockOfMethod({ type: checkTypeName('type', given.type), method })
  }
  const args: unknown = given.args
  if (!Array.isArray(args)) return refuse('args', args, 'an array of the arguments of the job')
  return lowerCase(formatted(checkString('format', given.format), given.args))
}

/** The same of a definition, whose type may have any name in a prefix that Node has for itself. */
export function lockOfMethod({ type, method }: { readonly type: TypeName; readonly method: string }): string {
  return `${shortName(type)}.${method}`
}

/** `Acme.Batch`1+Step[[List]]` is `Batch<List>.Step`: each part takes as many arguments as it says. */
function shortName({ name, arguments: args, suffix }: TypeName): string {
  const rest = args.map(shortName)
  const parts = name.split('+').map((part, index) => {
    const [bare = '', count = '0'] = (index === 0 ? part.slice(part.lastIndexOf('.') + 1) : part).split('`')
    const own = rest.splice(0, Number(count))
    return own.length === 0 ? bare : `${bare}<${own.join(',')}>`
  })
  return parts.join('.') + suffix
}

/** `{{`, `}}`, or `{index,width:how}`. */
const ITEM = /\{\{|\}\}|\{(\d+) *(?:, *(-?\d+) *)?(:[^{}]*)?\}|[{}]/g

function formatted(format: string, args: readonly FormatArgument[]): string {
  return format.replace(ITEM, (item, index?: string, width = '0', how?: string) => {
    if (item === '{{' || item === '}}') return item.charAt(0)
    if (index === undefined)
      return refuse('format', format, 'a format of .NET: a brace alone is written twice')
    if (Number(index) >= args.length)
      throw new InvalidArgumentError(
        `format asks for {${index}}, but args has ${args.length}: .NET would refuse it too. Pass all arguments of the job.`,
      )
    const name = `args[${index}]`
    const value = args[Number(index)] as FormatArgument
    // Text, true and false are the same in every format.
    if (how !== undefined && (typeof value === 'number' || typeof value === 'bigint'))
      refuse(name, value, `the text that .NET makes of it: the format ${how} is not known here`)
    const text = textOf(name, value)
    return Number(width) < 0 ? text.padEnd(-Number(width)) : text.padStart(Number(width))
  })
}

function textOf(name: string, value: FormatArgument): string {
  if (value === null) return ''
  if (typeof value === 'string' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Number.isSafeInteger(value)) return String(value)
  return refuse(
    name,
    value,
    'a string, a whole number, true, false or null; of anything else the text that .NET makes of it',
  )
}

/** Letter by letter, as .NET does; JavaScript knows words, and makes another sigma of the last one. */
function lowerCase(text: string): string {
  return Array.from(text, (letter) => {
    const lower = letter.toLowerCase()
    return lower.length === letter.length ? lower : letter
  }).join('')
}
