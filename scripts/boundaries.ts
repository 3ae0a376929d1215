/** Who may import whom: the table of the architecture, and a checker for it that works on plain text. */

/** What one package may import. Entries are package names; `node:*` and `@nestjs/*` stand for any. */
export interface ImportRule {
  readonly imports: readonly string[]
  /** Allowed in `import type` and `export type` only, which leave no trace at run time. */
  readonly types?: readonly string[]
  /** Additions for the subfolders of src named here. */
  readonly within?: Readonly<Record<string, readonly string[]>>
  /** The package.json may depend on internal packages only. */
  readonly lean?: boolean
}

export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

const core = '@holdfast/core'
const redisProtocol = '@holdfast/redis-protocol'

/** By folder. A published package that is missing here fails the test, so that nobody forgets to decide. */
export const rules: Readonly<Record<string, ImportRule>> = {
  'packages/core': {
    lean: true,
    imports: ['node:async_hooks', 'node:crypto', 'node:diagnostics_channel', 'node:os'],
    within: { testing: ['node:assert', 'node:assert/strict'] },
  },
  'packages/redis-protocol': {
    lean: true,
    imports: [core, 'node:crypto', 'node:events'],
    within: { testing: [`${core}/testing`, 'node:assert', 'node:assert/strict'] },
  },
  // The client packages describe a client by the part they use, and never import it, not even its types. Of core they
  // take the errors.
  'packages/redis-ioredis': { lean: true, imports: [redisProtocol, core] },
  'packages/redis-node': { lean: true, imports: [redisProtocol, core, 'node:events'] },
  'packages/fastify': { imports: [core, `${core}/http`, 'fastify', 'fastify-plugin', 'node:*'] },
  'packages/nest': {
    imports: [core, `${core}/http`, '@nestjs/*', 'rxjs', 'rxjs/operators', 'reflect-metadata', 'node:*'],
  },
  'packages/hangfire-compat': {
    imports: [core, redisProtocol, 'node:*'],
    within: { nest: ['@nestjs/*', 'rxjs', 'reflect-metadata'] },
  },
}

/** The violations of one source file, as sentences; `file` is relative to the root of the repository. */
export function violations(folder: string, rule: ImportRule, file: string, source: string): string[] {
  const inSrc = file.slice(`${folder}/src/`.length)
  const subfolder = inSrc.includes('/') ? inSrc.slice(0, inSrc.indexOf('/')) : ''
  const allowed = [...rule.imports, ...(rule.within?.[subfolder] ?? [])]
  const may = (list: readonly string[], specifier: string) => list.some((entry) => matches(entry, specifier))

  return importsOf(source)
    .filter(({ specifier, typeOnly }) => {
      if (specifier.startsWith('.')) return escapes(inSrc, specifier)
      return !may(allowed, specifier) && !(typeOnly && may(rule.types ?? [], specifier))
    })
    .map(({ specifier }) => `${file} must not import ${specifier}`)
}

/** What a package.json depends on that it may not, as sentences. */
export function dependencyViolations(
  folder: string,
  rule: ImportRule,
  dependencies: readonly string[],
): string[] {
  if (!rule.lean) return []
  const allowed = [...rule.imports, ...(rule.types ?? [])].filter((name) => name.startsWith('@holdfast/'))
  return dependencies
    .filter((name) => !allowed.includes(name))
    .map((name) => `${folder}/package.json must not depend on ${name}`)
}

/** Every import of a TypeScript source: static, dynamic, in a type, and re-exports. */
export function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = /^[ \t]*(?:import|export)\b(\s+type\b)?[^'"`;]*?\bfrom\s*(['"])([^'"]+)\2/gm
  const bare = /^[ \t]*import\s*(['"])([^'"]+)\1/gm
  const calls = /\b(?:import|require)\s*\(\s*(['"`])([^'"`]+)\1/g
  return [
    ...Array.from(code.matchAll(statements), (m) => ({
      specifier: m[3] ?? '',
      typeOnly: m[1] !== undefined,
    })),
    ...Array.from(code.matchAll(bare), (m) => ({ specifier: m[2] ?? '', typeOnly: false })),
    ...Array.from(code.matchAll(calls), (m) => ({ specifier: m[2] ?? '', typeOnly: false })),
  ]
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
