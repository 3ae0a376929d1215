import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { counted } from '../counted.ts'
import { GitInputError, openRepository } from '../review/git-repository.ts'
import { makeHistory } from '../review/history-of-files.ts'
import type { DemoOptions } from '../terminal/command-line.ts'

/** The commits that a run reviews. */
export interface Input {
  readonly id: string
  readonly repository: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly title: string
  readonly author: string
  /** For people: how many commits of what. */
  readonly description: string
}

const ROOT = resolve(import.meta.dirname, '../../../..')
const MOST_COMMITS = 1_000

/** Reads what to review. What it makes for that, it leaves to `stack` to remove. */
export async function readInput(options: DemoOptions, stack: AsyncDisposableStack): Promise<Input> {
  const { base, head, repo } = options
  const isMade = repo === undefined && !existsSync(join(ROOT, '.git'))
  const repository = await openRepository(isMade ? await madeRepository(stack) : (repo ?? ROOT))
  const range = await repository.resolveRange(base, head)
  const title = `${base ?? range.base.slice(0, 7)}..${head ?? range.head.slice(0, 7)}`
  if ((await repository.diff(range)) === '') {
    throw new GitInputError(`Nothing changes in ${title} of ${repository.root}.`)
  }
  const name = basename(repository.root)
  const all = await repository.commits(range, MOST_COMMITS)
  const [newest] = all
  const commits = counted(all.length, 'commit')
  return {
    // A fresh id in every run: on a Redis that stays, an earlier run's results would be answered.
    id: `${isMade ? 'made' : name}-${randomUUID().slice(0, 8)}`,
    repository: repository.root,
    baseCommit: range.base,
    headCommit: range.head,
    title,
    author: newest?.author ?? '',
    description: isMade
      ? `${commits}, made from the files here, which have no git history`
      : `${commits} of ${name}, ${title}`,
  }
}

/** Out of a ZIP, which has no history, a small one that is made of its files. */
async function madeRepository(stack: AsyncDisposableStack): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  stack.defer(() => rm(made, { recursive: true, force: true }))
  await makeHistory(ROOT, made)
  return made
}
