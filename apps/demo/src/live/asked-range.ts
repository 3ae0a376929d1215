import { UnknownCommitError } from '../review/git-repository.ts'
import type { Review } from '../store/reviews.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import type { Source } from './source.ts'

/** What a caller has asked for, and its commits; or why there are none. */
export type Asked = { readonly range: string } & (
  | { readonly change: Change }
  /** `isUnknown`: it may be there later. */
  | { readonly problem: string; readonly isUnknown: boolean }
)

/** A commit stands for what it has changed; `a...b`, as in git, for what `b` has changed since it left `a`. */
export async function readRange(source: Source, range: string): Promise<Asked> {
  try {
    return { range, change: await changeOf(source, range) }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { range, problem, isUnknown: error instanceof UnknownCommitError }
  }
}

async function changeOf(source: Source, range: string): Promise<Change> {
  const [since, tip] = range.split('...')
  if (since !== undefined && tip !== undefined) return await source.changeSince(since, tip)
  const [base, head = range] = range.includes('..') ? range.split('..') : [`${range}^`]
  return await source.change(base === '' ? undefined : base, head)
}

/**
 * The review of what was asked for. One that is there is not opened again, also when it is of an earlier time. What cannot be reviewed
 * becomes a review that is rejected, with the reason.
 */
export function openAsked(
  { source, reviews, store }: Pick<Scene, 'source' | 'reviews' | 'store'>,
  asked: Asked,
): Review {
  if ('change' in asked) return reviews.openOnce(asked.change)
  const { range, problem } = asked
  const nothing = { repository: source.path, ...commitsNamed(range), title: range, author: '' }
  const { id } = reviews.openOnce(nothing)
  store.life.refuse(id, problem)
  reviews.changed(id)
  return store.reviews.find(id) ?? refuse(`There is no review ${id}.`)
}

/** As they are written, whether there are such commits or not. */
export function commitsNamed(range: string): Pick<Change, 'baseCommit' | 'headCommit'> {
  const [baseCommit = range, headCommit = range] = range.split(/\.{2,3}/)
  return { baseCommit, headCommit }
}
