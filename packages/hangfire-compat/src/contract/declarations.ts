import type { AnyParameter, Parameter, Shape } from '../jobs/parameter.ts'
import { type TypeName, formatTypeName } from '../wire/type-name.ts'
import { NotExpressible, identifier, placeOf } from './csharp-names.ts'
import { type TypeOptions, csharpTypeOf } from './csharp-types.ts'

/** A type that a contract declares. */
export interface Declaration {
  readonly kind: 'interface' | 'class' | 'enum'
  /** Its own name, after those of the types that it is nested in. */
  readonly path: readonly string[]
  readonly assembly: string | undefined
  /** Undefined: the definition does not know the members. */
  readonly lines: readonly string[] | undefined
}

/** A type that is to be declared. What one use of it shows must be all of it. */
export function declarationOf(
  type: TypeName,
  kind: Declaration['kind'],
  lines: Declaration['lines'],
): Declaration {
  if (type.arguments.length > 0 || type.suffix !== '')
    throw new NotExpressible(
      `${formatTypeName(type)} is one use of a generic type, or an array, and does not show how it is declared. Write the type yourself, in another namespace.`,
    )
  return { kind, path: placeOf(type).path.map(identifier), assembly: type.assembly, lines }
}

/** The classes and enums of a namespace that a parameter needs, at any depth. */
export function declarationsFor(
  parameter: AnyParameter,
  namespace: string,
  options: TypeOptions,
): readonly Declaration[] {
  if ('isInjected' in parameter || parameter.shape === undefined) return []
  const { type, shape } = parameter
  if ('of' in shape) return declarationsFor(shape.of, namespace, options)
  const members = shape.kind === 'object' ? Object.values(shape.members ?? {}) : []
  const own = placeOf(type).namespace === namespace ? [declare(type, shape, options)] : []
  return [...own, ...members.flatMap((member) => declarationsFor(member, namespace, options))]
}

function declare(
  type: TypeName,
  shape: Exclude<Shape, { readonly of: unknown }>,
  options: TypeOptions,
): Declaration {
  if (shape.kind === 'enumeration')
    return declarationOf(type, 'enum', Object.entries(shape.values).map(valueLine))
  const members = shape.members && Object.entries(shape.members)
  const { path } = declarationOf(type, 'class', undefined)
  return declarationOf(
    type,
    'class',
    members?.map(([name, member]) => propertyLine(name, member, path, options)),
  )
}

function valueLine([name, value]: readonly [string, number]): string {
  if ((value | 0) === value) return `${identifier(name)} = ${value},`
  throw new NotExpressible(`The value of ${name} does not fit into the int of an enum.`)
}

function propertyLine(
  name: string,
  member: Parameter<unknown, never>,
  path: readonly string[],
  options: TypeOptions,
): string {
  const escaped = identifier(name)
  if (escaped === path.at(-1))
    throw new NotExpressible(`C# allows no member ${name} in a class of the same name.`)
  // It is there when .NET has read the object.
  const initial = options.nullable && !member.isNullable && !member.isValueType ? ' = default!;' : ''
  return `public ${csharpTypeOf(member, options)} ${escaped} { get; set; }${initial}`
}
