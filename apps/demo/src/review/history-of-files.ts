import { cp, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeRepository } from './made-repository.ts'

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

/**
 * Makes a git repository in `target` out of files of this one, for the demo to review where the history is missing, as in a
 * ZIP. @throws GitInputError when there is no git
 */
export async function makeHistory(source: string, target: string): Promise<void> {
  const copy = async (path: string): Promise<void> => {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await cp(join(source, path), join(target, path), {
      recursive: true,
      filter: (each) => !LEFT_OUT.has(basename(each)),
    })
  }
  await makeRepository(
    target,
    COMMITS.map(([subject, paths]) => [
      subject,
      async () => {
        for (const path of paths) await copy(path)
      },
    ]),
  )
}
