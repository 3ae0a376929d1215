import { refuse } from '@holdfast/core/storage'
import { HangfireUnreadableError } from '../errors.ts'
import { checkName } from './fields.ts'

/** A .NET type name: ``Acme.Batch`1+Step[[System.Guid, mscorlib]], Acme, Version=1.0.0.0``, taken apart. */
export interface TypeName {
  /** With its namespace; nested types follow a `+`. */
  readonly name: string
  readonly arguments: readonly TypeName[]
  /** Arrays and pointers: `[]`, `[,]`, `[][]`. */
  readonly suffix: string
  readonly assembly?: string
  /** `Version=…, Culture=…, PublicKeyToken=…`. */
  readonly properties?: string
}

/** @throws HangfireUnreadableError for stored text that is no type name */
export function decodeTypeName(text: string, what: string = 'the type name'): TypeName {
  const type = parseTypeName(text)
  if (type === undefined) throw new HangfireUnreadableError(what, text, 'a .NET type name')
  return type
}

/**
 * A type name that a definition gives: with an assembly unless it is of .NET itself, since .NET loads nothing else.
 *
 * @throws InvalidArgumentError
 */
export function checkTypeName(name: string, text: string): TypeName {
  const type = typeof text === 'string' ? parseTypeName(checkName(name, text)) : undefined
  return type === undefined ? refuseType(name, text) : checkLoadable(name, type)
}

/** @throws InvalidArgumentError for a type without an assembly, which .NET cannot load */
export function checkLoadable(name: string, type: TypeName): TypeName {
  return isLoadable(type) ? type : refuseType(name, formatTypeName(type))
}

function refuseType(name: string, text: string): never {
  return refuse(name, text, "a .NET type name with its assembly, such as 'Acme.Reviews.Jobs, Acme.Reviews'")
}

export function formatTypeName(type: TypeName): string {
  const { name, suffix, assembly, properties } = type
  const args = type.arguments.map((each) => `[${formatTypeName(each)}]`).join(',')
  const bare = `${name}${args === '' ? '' : `[${args}]`}${suffix}`
  return [bare, assembly, properties].filter((part) => part !== undefined).join(', ')
}

/**
 * The same for every way in which .NET spells a type: versions, cultures and tokens are left out at every depth, and so is
 * the assembly of .NET's own types, since mscorlib, System.Private.CoreLib and System.Runtime are one to it. Compare types by
 * it; never write it.
 */
export function typeKey(type: TypeName | string): string {
  const parsed = typeof type === 'string' ? decodeTypeName(type) : type
  return formatTypeName(
    mapTypes(parsed, ({ name, arguments: args, suffix, assembly }) => ({
      name,
      arguments: args,
      suffix,
      ...(assembly === undefined || (name.startsWith('System.') && isOfDotNet(assembly)) ? {} : { assembly }),
    })),
  )
}

/** Whether an assembly of this name belongs to .NET itself. */
export function isOfDotNet(assembly: string): boolean {
  return /^(?:mscorlib|netstandard|System(?:\..+)?)$/.test(assembly)
}

/** Whether it is the core library, by any of its names. */
export function isCoreLibrary(assembly: string): boolean {
  return /^(?:mscorlib|netstandard|System\.Runtime|System\.Private\.CoreLib)$/.test(assembly)
}

/** Whether it is named as .NET names interfaces, of which it can make no instance: `INodeReviews`. */
export function looksLikeInterface({ name }: TypeName): boolean {
  return /^I\p{Lu}/u.test(name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('+')) + 1))
}

/** Every type within, innermost first, replaced. */
export function mapTypes(type: TypeName, change: (type: TypeName) => TypeName): TypeName {
  return change({ ...type, arguments: type.arguments.map((each) => mapTypes(each, change)) })
}

export function parseTypeName(text: string): TypeName | undefined {
  const [type, end] = typeAt(text, 0, true) ?? []
  return end === text.length ? type : undefined
}

function isLoadable({ name, assembly, arguments: args }: TypeName): boolean {
  return (assembly !== undefined || name.startsWith('System.')) && args.every(isLoadable)
}

/** What was read, and where the rest begins. */
type Read<T> = readonly [T, number] | undefined

function typeAt(text: string, start: number, qualified: boolean): Read<TypeName> {
  const name = match(text, start, NAME)
  if (name === undefined || name.trim() === '') return undefined
  const [args, afterArgs] = argumentsAt(text, start + name.length) ?? []
  if (args === undefined || afterArgs === undefined) return undefined
  const suffix = match(text, afterArgs, SUFFIX) ?? ''
  const end = afterArgs + suffix.length
  const bare = { name: name.trim(), arguments: args, suffix }
  const assembly = qualified ? match(text, end, ASSEMBLY) : undefined
  if (assembly === undefined) return [bare, end]
  const [assemblyName = '', ...properties] = assembly
    .slice(1)
    .split(',')
    .map((part) => part.trim())
  return [
    {
      ...bare,
      assembly: assemblyName,
      ...(properties.length === 0 ? {} : { properties: properties.join(', ') }),
    },
    end + assembly.length,
  ]
}

/** `[[System.Guid, mscorlib],[…]]`, also `[System.Guid,…]`, whose arguments have no assembly. */
function argumentsAt(text: string, start: number): Read<readonly TypeName[]> {
  if (text[start] !== '[' || match(text, start, SUFFIX) !== undefined) return [[], start]
  const args: TypeName[] = []
  let position = start
  do {
    position += 1
    const isQualified = text[position] === '['
    const [type, end] = typeAt(text, isQualified ? position + 1 : position, isQualified) ?? []
    if (type === undefined || end === undefined || (isQualified && text[end] !== ']')) return undefined
    args.push(type)
    position = isQualified ? end + 1 : end
  } while (text[position] === ',')
  return text[position] === ']' ? [args, position + 1] : undefined
}

function match(text: string, start: number, pattern: RegExp): string | undefined {
  pattern.lastIndex = start
  return pattern.exec(text)?.[0]
}

// A backslash escapes what would have a meaning.
const NAME = /(?:\\.|[^\\[\],&*])+/y
const SUFFIX = /(?:\[[,*]*\]|\*|&)+/y
const ASSEMBLY = /,\s*[^[\],\s][^[\],]*(?:,\s*\w+\s*=[^[\],]*)*/y
