import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Finding } from './reviewer.ts'

/** A file's name in the repository and its content after the change. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

const require = createRequire(import.meta.url)
const manifest = require.resolve('oxlint/package.json')

export const OXLINT_VERSION: string = require(manifest).version

/** Ours, not the reviewed repository's: its settings are input to be judged, and may even name plugins to run. */
const CONFIG = {
  plugins: ['typescript', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'warn' },
}

/** Whether oxlint understands the file. */
export function isLintable(path: string): boolean {
  return /\.([cm]?[jt]s|[jt]sx|vue|svelte|astro)$/.test(path)
}

/** Lints the given contents with a fixed configuration, in a separate folder. */
export async function lint(files: readonly SourceFile[], signal: AbortSignal): Promise<readonly Finding[]> {
  if (files.length === 0) return []
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-lint-'))
  try {
    // Numbered names: a path from a repository is never used as a path here. All extensions stay, for `.d.ts`.
    const byName = new Map(files.map((file, index) => [`${index}${extensions(file.path)}`, file]))
    await Promise.all([...byName].map(([name, { text }]) => writeFile(join(folder, name), text)))
    await writeFile(join(folder, 'config.json'), JSON.stringify(CONFIG))
    const report = await runOxlint(folder, [...byName.keys()], signal)
    return report.diagnostics.flatMap(({ filename, severity, code, message, labels }) => {
      const path = byName.get(filename)?.path
      const line = labels[0]?.span.line
      if (path === undefined) return []
      return [
        { file: path, ...(line === undefined ? {} : { line }), severity, rule: ruleName(code), message },
      ]
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Report {
  readonly diagnostics: readonly {
    readonly filename: string
    readonly severity: 'error' | 'warning'
    /** Absent when the file cannot be parsed. */
    readonly code?: string
    readonly message: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}

function runOxlint(folder: string, names: readonly string[], signal: AbortSignal): Promise<Report> {
  const bin = join(dirname(manifest), 'bin', 'oxlint')
  const options = ['--config', 'config.json', '--disable-nested-config', '--no-ignore', '--format', 'json']
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [bin, ...options, ...names],
      { cwd: folder, signal, maxBuffer: 64 * 2 ** 20 },
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
