import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { GitInputError } from './git-repository.ts'

/** What the first commit has, and what each later one adds: as many as a review takes when its caller gives no range. */
const COMMITS = [
  ['The documents', ['README.md', 'docs']],
  ['A storage on ioredis', ['packages/redis-ioredis']],
  ['A storage on node-redis', ['packages/redis-node']],
  ['A plugin for Fastify', ['packages/fastify']],
  ['Examples', ['examples']],
  ['One app on every storage', ['apps/swap']],
] as const

const LEFT_OUT = new Set(['node_modules', 'dist', '.cache', '.turbo'])

/** No setting of the user's has a say in it: no signature, no hook, no template. */
const SETTINGS = [
  'user.name=Holdfast',
  'user.email=holdfast@example.org',
  'commit.gpgSign=false',
  'core.autocrlf=false',
].flatMap((setting) => ['-c', setting])

/**
 * Makes a git repository in `target` out of files of this one, for the demo to review where the history is missing, as in a
 * ZIP. @throws GitInputError when there is no git
 */
export async function makeHistory(source: string, target: string): Promise<void> {
  const git = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)('git', [...SETTINGS, ...args], { cwd: target })
  }
  await mkdir(target, { recursive: true })
  try {
    await git('init', '--quiet', '--template=')
    for (const [subject, paths] of COMMITS) {
      for (const path of paths) {
        await mkdir(dirname(join(target, path)), { recursive: true })
        await cp(join(source, path), join(target, path), {
          recursive: true,
          filter: (each) => !LEFT_OUT.has(basename(each)),
        })
      }
      await git('add', '--all', '--force')
      await git('commit', '--quiet', '--no-verify', '--message', subject)
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
    throw new GitInputError('git is not installed, or not on PATH. The demo reviews commits.', { cause })
  }
}
