import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { smallEnvironment } from './small-environment.ts'

/** A file's name and its content. */
interface SourceFile {
  readonly name: string
  readonly text: string
}

export interface Diagnostic {
  readonly line?: number
  readonly severity: 'error' | 'warning'
  readonly rule: string
  readonly message: string
  /** What to do, or where it says so. */
  readonly help: string
}

const require = createRequire(import.meta.url)
const manifest = require.resolve('oxlint/package.json')

export const OXLINT_VERSION: string = require(manifest).version

/** Ours, not the reviewed repository's: its settings are input to be judged, and may even name plugins to run. */
const CONFIG = {
  plugins: ['typescript', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'warn' },
  rules: {
    eqeqeq: ['warn', 'always', { null: 'ignore' }],
    'no-new-func': 'error',
    // To take members off an object is to name them.
    'no-unused-vars': [
      'error',
      { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
    ],
    'no-var': 'warn',
    'oxc/no-accumulating-spread': 'warn',
    'unicorn/prefer-array-flat-map': 'warn',
    // Matters of taste, and what needs to know more than the file to be right.
    'no-new': 'off',
    'no-underscore-dangle': 'off',
    'no-unmodified-loop-condition': 'off',
    'promise/always-return': 'off',
    'typescript/no-extraneous-class': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/require-post-message-target-origin': 'off',
  },
}

/** Whether oxlint understands the file. */
export function isLintable(path: string): boolean {
  return /\.([cm]?[jt]s|[jt]sx|vue|svelte|astro)$/.test(path)
}

/** Lints the given contents with a fixed configuration, in a separate folder. */
export async function lint<File extends SourceFile>(
  files: readonly File[],
  signal: AbortSignal,
): Promise<ReadonlyMap<File, readonly Diagnostic[]>> {
  if (files.length === 0) return new Map()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-lint-'))
  try {
    // Numbered names: a path from a repository is never used as a path here. All extensions stay, for `.d.ts`.
    const byName = new Map(files.map((file, index) => [`${index}${extensions(file.name)}`, file]))
    await Promise.all([...byName].map(([name, { text }]) => writeFile(join(folder, name), text)))
    await writeFile(join(folder, 'config.json'), JSON.stringify(CONFIG))
    const report = await runOxlint(folder, [...byName.keys()], signal)
    const found = Map.groupBy(report.diagnostics, ({ filename }) => byName.get(filename))
    return new Map(files.map((file) => [file, (found.get(file) ?? []).map(diagnostic)]))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function diagnostic({ severity, code, message, labels, help, url }: Reported): Diagnostic {
  const line = labels[0]?.span.line
  return {
    ...(line === undefined ? {} : { line }),
    severity,
    rule: ruleName(code),
    message,
    help: help ?? (url === undefined ? 'Write what the language allows here.' : `See ${url}`),
  }
}

interface Report {
  readonly diagnostics: readonly Reported[]
}

interface Reported {
  readonly filename: string
  readonly severity: 'error' | 'warning'
  /** Absent when the file cannot be parsed. */
  readonly code?: string
  readonly message: string
  readonly help?: string
  readonly url?: string
  readonly labels: readonly { readonly span: { readonly line: number } }[]
}

function runOxlint(folder: string, names: readonly string[], signal: AbortSignal): Promise<Report> {
  const bin = join(dirname(manifest), 'bin', 'oxlint')
  const options = ['--config', 'config.json', '--disable-nested-config', '--no-ignore', '--format', 'json']
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [bin, ...options, ...names],
      { cwd: folder, env: smallEnvironment(), signal, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        // It exits with 1 when it found something, so the output says whether it worked.
        try {
          resolve(JSON.parse(stdout) as Report)
        } catch {
          reject(
            new Error(`oxlint could not be run: ${stderr || stdout || error?.message}`, { cause: error }),
          )
        }
      },
    )
  })
}

function extensions(path: string): string {
  return /(\.d)?\.\w+$/.exec(path)?.[0] ?? ''
}

/** `eslint(no-debugger)` is commonly written `eslint/no-debugger`. */
function ruleName(code: string | undefined): string {
  return code === undefined ? 'oxlint/syntax' : code.replace(/^(.+)\((.+)\)$/, '$1/$2')
}
