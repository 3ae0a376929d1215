import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { GitInputError } from './git-repository.ts'

/** No setting of the user's has a say in it: no signature, no hook, no template. */
const SETTINGS = [
  'user.name=Holdfast',
  'user.email=holdfast@example.org',
  'commit.gpgSign=false',
  'core.autocrlf=false',
].flatMap((setting) => ['-c', setting])

/** What a commit of a made repository puts into the folder, and its subject. */
export type MadeCommit = readonly [subject: string, write: () => Promise<void>]

/** Makes a git repository in `target`, with these commits. @throws GitInputError when there is no git */
export async function makeRepository(target: string, commits: readonly MadeCommit[]): Promise<void> {
  const git = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)('git', [...SETTINGS, ...args], { cwd: target })
  }
  await mkdir(target, { recursive: true })
  try {
    await git('init', '--quiet', '--template=')
    for (const [subject, write] of commits) {
      await write()
      await git('add', '--all', '--force')
      await git('commit', '--quiet', '--no-verify', '--message', subject)
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
    throw new GitInputError('git is not installed, or not on PATH. The demo reviews commits.', { cause })
  }
}
