import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Of vitest's, or of a test's context where tests run beside each other. */
export type Finish = (end: () => void | Promise<void>) => void

/** A git repository in a temporary folder, removed after the test. */
export interface TestRepository {
  readonly path: string
  git(...args: readonly string[]): string
  /** Writes the files (null deletes one), commits everything and returns the commit's id. */
  commit(files: Readonly<Record<string, string | Buffer | null>>, subject?: string): string
}

export function createRepository(finish: Finish = onTestFinished): TestRepository {
  const path = temporaryFolder(finish)
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], {
      cwd: path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  return {
    path,
    git,
    commit(files, subject = 'Change things') {
      for (const [name, content] of Object.entries(files)) {
        const target = join(path, name)
        if (content === null) rmSync(target)
        else {
          mkdirSync(dirname(target), { recursive: true })
          writeFileSync(target, content)
        }
      }
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '--message', subject)
      return git('rev-parse', 'HEAD')
    },
  }
}

export function temporaryFolder(finish: Finish = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-demo-test-'))
  finish(() => rmSync(path, { recursive: true, force: true }))
  return path
}
