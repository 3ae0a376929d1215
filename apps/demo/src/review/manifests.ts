export interface Dependency {
  /** The version or range, as the manifest has it. */
  readonly wanted: string
  readonly line: number
  /** The one who installs this chooses its version. */
  readonly isPeer: boolean
}

/** What a manifest says to those who install. */
export interface Manifest {
  readonly dependencies: ReadonlyMap<string, Dependency>
  readonly installScripts: ReadonlyMap<string, { readonly command: string; readonly line: number }>
}

export function isManifest(name: string): boolean {
  return name === 'package.json' || isRequirements(name) || isProject(name)
}

/** Of one that cannot be read, nothing. */
export function readManifest(name: string, text: string): Manifest {
  if (isRequirements(name)) return { dependencies: requirements(text), installScripts: new Map() }
  if (isProject(name)) return { dependencies: references(text), installScripts: new Map() }
  return ofNode(text)
}

function isRequirements(name: string): boolean {
  return /^requirements.*\.txt$/.test(name)
}

function isProject(name: string): boolean {
  return /\.(?:cs|fs|vb)proj$|^Directory\.Packages\.props$/.test(name)
}

const SECTIONS = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies']
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall']

function ofNode(text: string): Manifest {
  const manifest = parsed(text)
  const dependencies = new Map<string, Dependency>()
  for (const section of SECTIONS) {
    for (const [title, wanted] of entries(manifest[section])) {
      if (dependencies.has(title)) continue
      const line = lineOf(text, section, title)
      // `npm:other@1.2.3` is another package under this name.
      const version = /^npm:.+@(.+)$/.exec(wanted)?.[1] ?? wanted
      dependencies.set(title, { wanted: version.trim(), line, isPeer: section === 'peerDependencies' })
    }
  }
  const installScripts = new Map(
    entries(manifest['scripts'])
      .filter(([script]) => INSTALL_SCRIPTS.includes(script))
      .map(([script, command]) => [script, { command, line: lineOf(text, 'scripts', script) }] as const),
  )
  return { dependencies, installScripts }
}

/** A package.json under review may be broken; that is another's finding. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function entries(section: unknown): readonly (readonly [string, string])[] {
  if (typeof section !== 'object' || section === null) return []
  return Object.entries(section).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

function lineOf(text: string, section: string, key: string): number {
  const from = text.indexOf(`"${section}"`)
  const at = text.indexOf(`${JSON.stringify(key)}:`, from)
  return text.slice(0, at === -1 ? from : at).split('\n').length
}

function requirements(text: string): ReadonlyMap<string, Dependency> {
  return new Map(
    text.split('\n').flatMap((row, index): [string, Dependency][] => {
      const [, title, rest = ''] = /^([A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*([^#;]*)/.exec(row) ?? []
      if (title === undefined) return []
      const address = /^@\s*(\S+)/.exec(rest)?.[1]
      const wanted = address ?? rest.trim().replaceAll('==', '').replaceAll('~=', '~').replaceAll(',', ' ')
      return [[title, { wanted, line: index + 1, isPeer: false }]]
    }),
  )
}

function references(text: string): ReadonlyMap<string, Dependency> {
  return new Map(
    text.split('\n').flatMap((row, index): [string, Dependency][] => {
      const [, title, wanted] =
        /<Package(?:Reference|Version)\s+Include="([^"]+)"\s+Version="([^"]+)"/.exec(row) ?? []
      return title === undefined || wanted === undefined
        ? []
        : [[title, { wanted, line: index + 1, isPeer: false }]]
    }),
  )
}
