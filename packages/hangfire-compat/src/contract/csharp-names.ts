import { type TypeName, formatTypeName } from '../wire/type-name.ts'

/** A definition that C# cannot express; the message says why, and what to do. */
export class NotExpressible extends Error {}

/** What C# calls types of .NET. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['System.String', 'string'],
  ['System.Boolean', 'bool'],
  ['System.Byte', 'byte'],
  ['System.Int32', 'int'],
  ['System.Int64', 'long'],
  ['System.Double', 'double'],
  ['System.Decimal', 'decimal'],
  ['System.Object', 'object'],
])

/** The type in C#, by its full name, so that no other type of the same name is meant. */
export function csharpType(type: TypeName): string {
  const { name, arguments: args, suffix } = type
  if (/[*&]/.test(suffix)) throw new NotExpressible(`${formatTypeName(type)} is a pointer or a reference.`)
  // .NET names the innermost array first, C# the outermost.
  const ranks = (suffix.match(/\[,*\]/g) ?? []).toReversed().join('')
  const [item] = args
  if (name === 'System.Nullable`1' && item !== undefined) return `${csharpType(item)}?${ranks}`
  return `${BUILT_IN.get(name) ?? `global::${genericName(type)}`}${ranks}`
}

/** ``Acme.Outer`1+Inner`1`` with two arguments is `Acme.Outer<A>.Inner<B>`. */
function genericName(type: TypeName): string {
  let rest = type.arguments
  const parts = partsOf(type).map((part) => {
    const [, name = '', arity = '0'] = /^(.*?)(?:`(\d+))?$/.exec(part) ?? []
    const own = rest.slice(0, Number(arity))
    rest = rest.slice(Number(arity))
    if (own.length < Number(arity))
      throw new NotExpressible(`${type.name} is generic, and its arguments are missing.`)
    return `${identifier(name)}${own.length === 0 ? '' : `<${own.map(csharpType).join(', ')}>`}`
  })
  return parts.join('.')
}

/** The namespace of a type, and its own name within those that it is nested in. */
export function placeOf({ name }: TypeName): {
  readonly namespace: string
  readonly path: readonly string[]
} {
  const [outer = '', ...nested] = name.split('+')
  const dot = outer.lastIndexOf('.')
  return { namespace: outer.slice(0, Math.max(dot, 0)), path: [outer.slice(dot + 1), ...nested] }
}

function partsOf(type: TypeName): readonly string[] {
  return type.name.split(/[.+]/)
}

/** A name as C# takes it: its keywords are escaped. */
export function identifier(name: string): string {
  if (!/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u.test(name))
    throw new NotExpressible(`${JSON.stringify(name)} is no name in C#.`)
  return KEYWORDS.has(name) ? `@${name}` : name
}

const KEYWORDS: ReadonlySet<string> = new Set(
  `abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else
   enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is lock
   long namespace new null object operator out override params private protected public readonly ref return sbyte sealed
   short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using
   virtual void volatile while record`.split(/\s+/),
)
