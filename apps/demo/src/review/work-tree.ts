import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Makes a work tree in `target`, which shares the objects of the repository `source`; nothing is checked out yet. */
export async function makeWorkTree(source: string, target: string): Promise<void> {
  await git(['clone', '--quiet', '--shared', '--no-checkout', '--template=', source, target])
}

/**
 * Brings the files of a commit into a work tree. Only one at a time may: git would stumble over its `index.lock`. One that is
 * there when this begins was left by a process that died with the lock, and goes.
 */
export async function checkOut(tree: string, commit: string): Promise<void> {
  await rm(join(tree, '.git/index.lock'), { force: true })
  await git(['-C', tree, 'checkout', '--quiet', '--force', '--detach', commit])
}

async function git(args: readonly string[]): Promise<void> {
  // GIT_DIR, set while a git hook runs, would lead to another repository.
  const { GIT_DIR: _, GIT_INDEX_FILE: __, ...env } = process.env
  await promisify(execFile)('git', ['-c', 'core.hooksPath=/dev/null', ...args], { env })
}
