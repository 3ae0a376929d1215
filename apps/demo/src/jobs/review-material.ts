import { type Change, parseChange } from '../review/diff.ts'
import type { CommitRange, GitRepository } from '../review/git-repository.ts'
import { type LanguageShare, detectLanguages } from '../review/languages.ts'
import { type ProjectType, detectProjectType } from '../review/project-type.ts'
import type { Analysis, Asker, ReviewContext } from '../review/reviewer.ts'
import { type Risk, riskOf } from '../review/risk.ts'
import type { Review, ReviewerConfiguration } from '../store/reviews.ts'
import type { JobContext } from './job.ts'

/** A job failed because its input is not there; running it again would not help. */
export class JobInputError extends Error {
  readonly code: 'REVIEW_NOT_FOUND' | 'REVIEWER_NOT_CONFIGURED'

  constructor(code: JobInputError['code'], message: string) {
    super(message)
    this.code = code
  }
}

export function findReview({ store, reviewId }: JobContext): Review {
  const review = store.reviews.find(reviewId)
  if (review === undefined) throw new JobInputError('REVIEW_NOT_FOUND', `There is no review ${reviewId}.`)
  return review
}

/** Undefined where the review names a configuration that is not there. */
export function findConfiguration({ store }: JobContext, review: Review): ReviewerConfiguration | undefined {
  return store.reviews.findConfiguration(review.reviewer)
}

/**
 * What jobs know of a review's change, each part made when it is first asked for: an attempt that goes on from a
 * checkpoint makes only what it still needs.
 */
export interface ReviewMaterial {
  readonly range: CommitRange
  repository(): Promise<GitRepository>
  change(): Promise<Change>
  languages(): Promise<readonly LanguageShare[]>
  projectType(): Promise<ProjectType>
  reviewContext(): Promise<ReviewContext>
  /** From the cache, else by the reviewer. */
  analysis(): Promise<Analysis>
  /** How many of the last commits touched each file. */
  changeCounts(): Promise<ReadonlyMap<string, number>>
  risk(): Promise<Risk>
}

/** How much of the past shows which files change all the time. */
const HISTORY_COMMITS = 300

export function reviewMaterial(context: JobContext): ReviewMaterial {
  const review = findReview(context)
  const range = { base: review.baseCommit, head: review.headCommit }

  const repository = once(() => context.openRepository(review.repository))
  const change = once(async () => parseChange(await context.inCheckout(review, (git) => git.diff(range))))
  const languages = once(async () => detectLanguages((await change()).files))
  const projectType = once(async () => {
    const git = await repository()
    return await detectProjectType(await git.topLevel(range.head), (name) => git.readFile(range.head, name))
  })
  const reviewContext = once(async () => ({
    languages: await languages(),
    projectType: await projectType(),
    commits: await (await repository()).commits(range, 50),
  }))
  const analysis = once(async () => {
    const git = await repository()
    const request = {
      change: await change(),
      context: await reviewContext(),
      maxFiles: findConfiguration(context, review)?.maxFiles ?? 100,
      readContents: (ids: readonly string[]) => git.readContents(ids),
      readDiff: () => git.diff(range),
      whitespaceErrors: await git.whitespaceErrors(range),
      asker: askerOf(context),
    }
    return await context.reviewer.review(request, context.execution.signal)
  })
  const changeCounts = once(async () => (await repository()).changeCounts(range.head, HISTORY_COMMITS))
  const risk = once(async () =>
    riskOf((await change()).files, (await analysis()).findings, await changeCounts()),
  )
  return {
    range,
    repository,
    change,
    languages,
    projectType,
    reviewContext,
    analysis,
    changeCounts,
    risk,
  }
}

/** The job says what goes on with the progress so far; a job that has lost its lease learns of it elsewhere. */
function askerOf({ reviewId, execution }: JobContext): Asker {
  return {
    reviewId,
    fencingToken: execution.fencingToken,
    onProgress: (message) => void execution.updateProgress(0, message).catch(() => undefined),
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
