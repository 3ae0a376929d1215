import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { GitInputError, type GitRepository, openRepository } from '../review/git-repository.ts'
import type { WorldOptions } from './options.ts'
import type { Change } from './review-desk.ts'
import { makeSample } from '../sample/make-sample.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')

/** The repository that a world reviews. */
export interface Source {
  readonly name: string
  readonly path: string
  readonly isSample: boolean
  /** What is reviewed when the caller names no range. */
  readonly usual: Change
  /** @throws GitInputError when there is no such commit, or nothing changes */
  change(base: string | undefined, head: string | undefined): Promise<Change>
  /** What `head` has changed since it left `base`. @throws GitInputError likewise */
  changeSince(base: string, head: string): Promise<Change>
  /** Every commit of a range, the oldest first, at most fifty; of a commit that commit alone. @throws GitInputError when there is none */
  commitsIn(range: string): Promise<readonly string[]>
}

/** Opens the repository of the options; the sample where there is no history, or where it is asked for. */
export async function readSource(
  { repo, base, head, sample = false }: WorldOptions,
  folder: string,
): Promise<Source> {
  const isSample = sample || (repo === undefined && !existsSync(join(ROOT, '.git')))
  const repository = await openRepository(
    isSample ? await makeSample(join(folder, 'sample-shop')) : (repo ?? ROOT),
  )
  const change = (from?: string, to?: string): Promise<Change> => changeIn(repository, from, to)
  return {
    name: basename(repository.root),
    path: repository.root,
    isSample,
    usual: await (base === undefined && head === undefined ? recentChange(repository) : change(base, head)),
    change,
    changeSince: async (base, head) => await change(await repository.mergeBase(base, head), head),
    async commitsIn(range) {
      const [base, head] = range.split('..')
      if (head === undefined) return [range]
      const commits = await repository.commits(await repository.resolveRange(base, head), MOST_LISTED)
      return commits.map(({ id }) => id).toReversed()
    },
  }
}

const MOST_LISTED = 50

/** More is slow to review and long to read. */
const MOST_FILES = 60
const MOST_COMMITS = 5

/** The last commits, as many as are quick to review: five at most, one at least. */
async function recentChange(repository: GitRepository): Promise<Change> {
  const usual = await changeIn(repository)
  const range = { base: usual.baseCommit, head: usual.headCommit }
  if ((await repository.changedFiles(range)) <= MOST_FILES) return usual
  for (let commits = MOST_COMMITS - 1; commits > 0; commits -= 1) {
    const change = await changeIn(repository, `HEAD~${commits}`).catch(() => undefined)
    if (change === undefined) continue
    const files = await repository.changedFiles({ base: change.baseCommit, head: change.headCommit })
    if (files <= MOST_FILES || commits === 1) return change
  }
  return usual
}

/** Between two commits; without them, of the last ones. */
export async function changeIn(repository: GitRepository, base?: string, head?: string): Promise<Change> {
  const range = await repository.resolveRange(base, head)
  const title = `${base ?? range.base.slice(0, 7)}..${head ?? range.head.slice(0, 7)}`
  if ((await repository.diff(range)) === '') {
    throw new GitInputError(`Nothing changes in ${title} of ${repository.root}.`)
  }
  const [newest] = await repository.commits(range, 1)
  return {
    repository: repository.root,
    baseCommit: range.base,
    headCommit: range.head,
    title: newest?.subject ?? title,
    author: newest?.author ?? '',
  }
}
