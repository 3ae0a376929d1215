import { execFile } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const APP = resolve(import.meta.dirname, '../..')

/** The page as a workspace, and where what it is built into is served from. */
export interface PageFolders {
  readonly source: string
  readonly built: string
}

const PAGE: PageFolders = { source: join(APP, 'page'), built: join(APP, 'dist/page') }

export interface ProvideOptions {
  readonly print: (text: string) => void
  /** Ends a build whose caller has given up. */
  readonly signal: AbortSignal
  readonly folders?: PageFolders
}

/** Resolves to where the page is. Builds it with Vite first when one of its files is newer than what was built. */
export async function providePage({ print, signal, folders = PAGE }: ProvideOptions): Promise<string> {
  const { source, built } = folders
  if (isNewer(source, built)) {
    print('Building the page …')
    await build(source, built, signal)
  }
  return built
}

/** Sources that the page and the server share belong to it as well. */
const SHARED = ['src/events/*.ts', 'src/jobs/job.ts']

export function isNewer(source: string, built: string): boolean {
  const exclude = (path: string): boolean => /(^|[\\/])(node_modules|test|dist|\.cache)$/.test(path)
  const own = globSync('**/*.*', { cwd: source, exclude }).map((file) => join(source, file))
  const shared = globSync(SHARED, { cwd: dirname(source) }).map((file) => join(dirname(source), file))
  const changedAt = Math.max(...[...own, ...shared].map(changeOf))
  return changedAt > changeOf(join(built, 'index.html'))
}

function changeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity
}

/** Into a folder beside it, so that no page is half old and half new, also when two builds meet. */
async function build(source: string, built: string, signal: AbortSignal): Promise<void> {
  const made = `${built}.${process.pid}`
  const vite = join(
    dirname(createRequire(join(source, 'package.json')).resolve('vite/package.json')),
    'bin/vite.js',
  )
  const args = [vite, 'build', '--logLevel', 'warn', '--outDir', made, '--emptyOutDir']
  try {
    await promisify(execFile)(process.execPath, args, { cwd: source, signal })
    await rm(built, { recursive: true, force: true })
    await rename(made, built)
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string }
    throw new Error(
      `The page could not be built. ${stderr.trim() || message} The forms in the terminal work without it: --terminal.`,
      {
        cause: error,
      },
    )
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}
