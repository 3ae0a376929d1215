import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { type PublishedPackage, ROOT } from '../published.ts'

/** What the README of a package shows first: how to install it, and a program. */
export interface ReadmeExample {
  /** What its `npm install` names. */
  readonly installs: readonly string[]
  /** The file that the first example is, or is a part of. */
  readonly text: string
  /** What it imports, without `node:` modules. */
  readonly imports: readonly string[]
  /** What it says of itself that it prints: the comments behind `console.log(…)`. */
  readonly prints: readonly string[]
}

export function readmeExample({ folder, manifest: { name } }: PublishedPackage): ReadmeExample {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const [file] = filesIn(readme)
  if (file === undefined)
    throw new Error(`the README of ${name} has no example that names its file: \`\`\`ts examples/x.ts`)
  return exampleIn(file, installsIn(readme, name))
}

/** What the README of the repository shows before it speaks of the repository: whole programs, each by its file. */
export function quickStarts(): ReadonlyMap<string, ReadmeExample> {
  const [start = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## See it work')
  const installs = installsIn(start, 'the repository')
  return new Map(filesIn(start).map((file) => [file, exampleIn(file, installs)]))
}

function filesIn(markdown: string): string[] {
  return Array.from(markdown.matchAll(/^```ts ([^\s#]+)/gm), ([, file = '']) => file)
}

function installsIn(markdown: string, name: string): string[] {
  const [, line] = /^npm install ([^#\n]*)/m.exec(markdown) ?? []
  if (line === undefined)
    throw new Error(`the README of ${name} does not say how to install it: npm install ${name}`)
  return line
    .trim()
    .split(' ')
    .filter((word) => !word.startsWith('-'))
}

function exampleIn(file: string, installs: readonly string[]): ReadmeExample {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const specifiers = Array.from(text.matchAll(/^(?:import|\}) .*?from '([^']+)'$/gm), ([, from = '']) => from)
  const relative = specifiers.find((from) => from.startsWith('.'))
  if (relative !== undefined) throw new Error(`${file} imports ${relative}, which no user has`)
  return {
    installs,
    text,
    imports: [...new Set(specifiers.filter((from) => !from.startsWith('node:')).map(packageOf))],
    prints: Array.from(text.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm), ([, said = '']) => said),
  }
}

/** The example as a module that `import` loads. */
export function asModule(text: string): string {
  return withoutTypes(text)
}

/** The example as one that `require()` loads, where nothing can be awaited: it exports a promise of what it exports. */
export function asCommonJs(text: string): string {
  const plain = withoutTypes(text)
  if (!/^(?:\S.*\b)?await\b/m.test(plain)) return plain
  const statement = /^import [\s\S]*?from '[^']+'$/gm
  const body = plain.replace(statement, '').replace(/^export (\{[^}]*\})/gm, 'return $1')
  return `${(plain.match(statement) ?? []).join('\n')}\nexport default (async () => {${body}})()\n`
}

/** Decorators are no JavaScript yet: the compiler takes those files as they are. */
function withoutTypes(text: string): string {
  return /^@\w+\(/m.test(text) ? text : stripTypeScriptTypes(text)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
