import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A git repository in a temporary folder, removed after the test. */
export interface TestRepository {
  readonly path: string
  git(...args: readonly string[]): string
  /** Writes the files (null deletes one), commits everything and returns the commit's id. */
  commit(files: Readonly<Record<string, string | Buffer | null>>, subject?: string): string
}

export function createRepository(): TestRepository {
  const path = temporaryFolder()
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

export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-demo-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
