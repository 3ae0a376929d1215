import { type TypeName, formatTypeName, isCoreLibrary, isOfDotNet, mapTypes } from './type-name.ts'

/**
 * How a .NET application writes type names: `simple` with `UseSimpleAssemblyNameTypeSerializer()`, `full`, with versions, by
 * default.
 */
export interface TypeStyle {
  readonly typeNames: 'simple' | 'full'
  /** Of `full`: what the application writes after the name of an assembly, as its own data shows. Default: none is known. */
  readonly assemblies?: ReadonlyMap<string, string>
}

/** .NET's types that `simple` writes without an assembly, as seen in its data. */
const WITHOUT_ASSEMBLY: ReadonlySet<string> = new Set(
  ['String', 'Int32', 'Int64', 'Double', 'Boolean', 'Object'].map((name) => `System.${name}`),
)

/** What a project has that sets nothing. .NET loads a type whatever version its name gives. */
const DEFAULT_PROPERTIES = 'Version=1.0.0.0, Culture=neutral, PublicKeyToken=null'

/** A type as the .NET applications of the prefix write it. */
export function encodeTypeName(type: TypeName, style: TypeStyle): string {
  return formatTypeName(mapTypes(type, style.typeNames === 'simple' ? toSimple : toFull(style)))
}

function toSimple({ name, arguments: args, suffix, assembly }: TypeName): TypeName {
  const bare = { name, arguments: args, suffix }
  if (suffix === '' && WITHOUT_ASSEMBLY.has(name)) return bare
  if (isCore(name, assembly)) return { ...bare, assembly: 'mscorlib' }
  return assembly === undefined ? bare : { ...bare, assembly }
}

function toFull({ assemblies = new Map<string, string>() }: TypeStyle): (type: TypeName) => TypeName {
  const core = [...assemblies.keys()].findLast(isCoreLibrary) ?? 'mscorlib'
  return ({ name, arguments: args, suffix, assembly, properties: given }) => {
    const bare = { name, arguments: args, suffix }
    const written = isCore(name, assembly) ? core : assembly
    if (written === undefined) return bare
    const properties =
      assemblies.get(written) ?? given ?? (isOfDotNet(written) ? undefined : DEFAULT_PROPERTIES)
    return { ...bare, assembly: written, ...(properties === undefined ? {} : { properties }) }
  }
}

function isCore(name: string, assembly: string | undefined): boolean {
  return assembly === undefined ? name.startsWith('System.') : isCoreLibrary(assembly)
}
