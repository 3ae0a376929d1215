/** Who may import whom: the table of the architecture, and a checker for it that works on plain text. */
import { dirname, join } from 'node:path'
import type { Workspace } from '@holdfast/test-support/workspaces'

/** What one package may import. Entries are package names; `node:*` and `@nestjs/*` stand for any. */
export interface ImportRule {
  readonly imports: readonly string[]
  /** Additions for the subfolders of src named here. */
  readonly within?: Readonly<Record<string, readonly string[]>>
  /** The package.json may depend on internal packages only. */
  readonly lean?: boolean
}

const core = '@holdfast/core'
const redisProtocol = '@holdfast/redis-protocol'

/** By folder: the packages that may import less than their package.json names, or less of Node. */
const strict: Readonly<Record<string, ImportRule>> = {
  'packages/core': {
    lean: true,
    imports: [
      'node:async_hooks',
      'node:crypto',
      'node:diagnostics_channel',
      'node:os',
      'node:util',
      'node:zlib',
    ],
    within: { testing: ['node:assert', 'node:assert/strict'] },
  },
  'packages/redis-protocol': {
    lean: true,
    imports: [core, `${core}/storage`, 'node:crypto', 'node:events'],
    within: { testing: [`${core}/testing`, 'node:assert', 'node:assert/strict'] },
  },
  // The client packages describe a client by the part they use, and never import it, not even its types. Of core they
  // take the errors.
  'packages/redis-ioredis': { lean: true, imports: [redisProtocol, core] },
  'packages/redis-node': { lean: true, imports: [redisProtocol, core, 'node:events'] },
  // It alone opens a connection, for programs of operators, with whichever client is installed.
  'packages/redis-connect': {
    lean: true,
    imports: [
      core,
      redisProtocol,
      '@holdfast/redis-ioredis',
      '@holdfast/redis-node',
      'ioredis',
      'redis',
      'node:*',
    ],
  },
  // Without a client of Redis: redis-connect has that.
  'packages/cli': {
    imports: [
      'node:*',
      core,
      `${core}/storage`,
      redisProtocol,
      '@holdfast/redis-connect',
      '@bomb.sh/tab/commander',
      '@clack/prompts',
      'cli-table3',
      'commander',
      'log-update',
    ],
  },
  'packages/hangfire-compat': {
    lean: true,
    imports: [core, `${core}/storage`, redisProtocol],
    within: { cli: ['node:*', '@holdfast/redis-connect'] },
  },
  // Each bridge has its library as an optional peer; what they share knows none.
  'packages/telemetry': {
    lean: true,
    imports: [core, `${core}/storage`, 'node:async_hooks', 'node:diagnostics_channel'],
    within: { opentelemetry: ['@opentelemetry/api'], prometheus: ['prom-client'] },
  },
  // BullMQ is a peer, and the Redis of the queue need not be Holdfast's.
  'packages/bullmq': { lean: true, imports: [core, `${core}/storage`, 'bullmq'] },
  'packages/http': { lean: true, imports: [core, `${core}/storage`, 'node:*'] },
}

/** What a package may import: what the table says, else Node and what its package.json names. */
export function ruleOf({ folder, manifest }: Workspace): ImportRule {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const subpaths = names.filter((name) => !name.startsWith('@holdfast/')).map((name) => `${name}/*`)
  return strict[folder] ?? { imports: ['node:*', ...names, ...subpaths] }
}

/** The violations of one source file, as sentences; `file` is relative to the root of the repository. */
export function violations(folder: string, rule: ImportRule, file: string, source: string): string[] {
  const inSrc = file.slice(`${folder}/src/`.length)
  const subfolder = inSrc.includes('/') ? inSrc.slice(0, inSrc.indexOf('/')) : ''
  const allowed = [...rule.imports, ...(rule.within?.[subfolder] ?? [])]
  return importsOf(source)
    .filter((specifier) => {
      if (specifier.startsWith('.')) return escapes(inSrc, specifier)
      return !allowed.some((entry) => matches(entry, specifier))
    })
    .map((specifier) => `${file} must not import ${specifier}`)
}

/** What a package.json depends on that it may not, as sentences. */
export function dependencyViolations(
  folder: string,
  rule: ImportRule,
  dependencies: readonly string[],
): string[] {
  if (!rule.lean) return []
  const allowed = [...rule.imports, ...Object.values(rule.within ?? {}).flat()]
  return dependencies
    .filter((name) => !name.startsWith('@holdfast/') || !allowed.includes(name))
    .map((name) => `${folder}/package.json must not depend on ${name}`)
}

/** Every import of a TypeScript source: static, dynamic, in a type, and re-exports. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"]+)\1/gm
  const bare = /^[ \t]*import\s*(['"])([^'"]+)\1/gm
  const calls = /\b(?:import|require)\s*\(\s*(['"`])([^'"`]+)\1/g
  return [statements, bare, calls].flatMap((pattern) =>
    Array.from(code.matchAll(pattern), ([, , specifier = '']) => specifier),
  )
}

/**
 * The first circle of imports among these files, as it is gone through, or none. Types count: what needs another file to
 * be understood is understood after it.
 */
export function circleAmong(sources: ReadonlyMap<string, string>): readonly string[] {
  const done = new Set<string>()
  const search = (file: string, path: readonly string[]): readonly string[] => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    const source = sources.get(file)
    if (source === undefined || done.has(file)) return []
    for (const specifier of importsOf(source).filter((each) => each.startsWith('.'))) {
      const circle = search(join(dirname(file), specifier), [...path, file])
      if (circle.length > 0) return circle
    }
    done.add(file)
    return []
  }
  for (const file of sources.keys()) {
    const circle = search(file, [])
    if (circle.length > 0) return circle
  }
  return []
}

function matches(entry: string, specifier: string): boolean {
  return entry.endsWith('*') ? specifier.startsWith(entry.slice(0, -1)) : entry === specifier
}

/** True when a relative import leaves the src folder that the importing file (a path within it) lies in. */
function escapes(fileInSrc: string, specifier: string): boolean {
  const depth = fileInSrc.split('/').length - 1
  const up = specifier.split('/').filter((part) => part === '..').length
  return up > depth
}
