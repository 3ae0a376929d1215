import { randomUUID } from 'node:crypto'
import type { ExecutionSnapshot } from '@holdfast/core'
import type { HangfireJobView, HangfireState } from '../events/hangfire-news.ts'
import { REVIEW_QUEUE, reviewJob } from '../hangfire/review-job.ts'
import type { AskedByJob, OpenedReview } from '../instances/messages.ts'
import type { Review } from '../store/reviews.ts'
import { type Asked, openAsked, readRange } from './asked-range.ts'
import type { HangfireLink } from './hangfire-link.ts'
import { type Scene, refuse } from './scene.ts'

/** Creates jobs of a Hangfire for reviews, opens reviews for jobs of .NET, and brings back the jobs of an instance that is gone. */
export interface HangfireDesk {
  state(): HangfireState
  /** How an instance calls itself there. */
  serverOf(instance: string): string
  /** Makes a job of it, or puts its failed job into the queue again. Says so. */
  submit(review: Review): Promise<string>
  /** Its newest job has not ended. */
  isUnderWay(reviewId: string): boolean
  /** The review that a job asks for: it is opened when the job is the first to ask. */
  open(asked: AskedByJob): Promise<OpenedReview>
  jobsOf(reviewId: string): Promise<readonly HangfireJobView[]>
  /** The process has ended: its jobs go back into the queue. */
  gone(instance: string, pid: number | null): Promise<void>
  /** The lease of a review is over: if a job of Hangfire ran it, that goes back into the queue. */
  stalled(review: Pick<ExecutionSnapshot, 'jobKey' | 'executionId' | 'instance'>): Promise<void>
  /** Resolves when what it was told of instances is done, or Hangfire does not answer. */
  settled(): Promise<void>
}

export interface HangfireDeskParts extends Pick<Scene, 'source' | 'reviews' | 'store' | 'news'> {
  readonly link: HangfireLink
  /** As the forge calls the repository. */
  readonly otherName: string | undefined
}

/** Jobs whose states are looked at: the newest that may still change. */
const MOST_LOOKED_AT = 100

/** Of one review, the newest: each attempt of a person may be one. */
const MOST_SHOWN = 5

/** More at a time than the instances of a demo have. */
const MOST_PROCESSING = 500

/** Longer ones name nothing, and would be in every page. */
const MOST_CHARACTERS = 300

const UNDER_WAY: readonly unknown[] = ['Enqueued', 'Processing', 'Scheduled', 'Awaiting']

export function createHangfireDesk(parts: HangfireDeskParts): HangfireDesk {
  const { link, source, reviews, store, news, otherName } = parts
  const { hangfireJobs: jobs } = store
  // Another demo on the same Hangfire has other instances of the same names.
  const run = randomUUID().slice(0, 8)
  const serverOf = (instance: string): string => `aireview-${run}-${instance}`
  const atWork = new Set<Promise<unknown>>()
  /** What waits for Hangfire to answer. */
  const owed = new Set<() => Promise<void>>()
  /** Executions whose job was put back. */
  const putBack = new Set<string>()

  const saw = (jobId: string, state: string | null): void => {
    const job = jobs.find(jobId)
    if (job !== undefined && jobs.saw(jobId, state)) reviews.changed(job.reviewId)
  }
  const look = async (jobId: string): Promise<void> => {
    saw(jobId, (await link.monitor.job(jobId))?.state ?? null)
  }
  link.eachBeat(async () => {
    for (const pay of owed) {
      await pay()
      owed.delete(pay)
    }
    await Promise.all(jobs.open(MOST_LOOKED_AT).map(({ jobId }) => look(jobId)))
  })
  /** Also when Hangfire does not answer now. */
  const atLast = async (pay: () => Promise<void>): Promise<void> => {
    const paying = pay().catch(() => void owed.add(pay))
    atWork.add(paying)
    await paying
    atWork.delete(paying)
  }
  const requeue = async (jobId: string): Promise<boolean> => {
    const isThere = await link.write((hangfire) => hangfire.jobs.requeue(jobId, { queue: REVIEW_QUEUE }))
    if (isThere) saw(jobId, 'Enqueued')
    return isThere
  }
  /** Those that a server with this beginning of its name runs. */
  const bringBack = async (server: string, isMeant: (jobId: string) => boolean): Promise<void> => {
    const { jobs: processing } = await link.monitor.processing({ from: 0, count: MOST_PROCESSING })
    for (const { id, serverId } of processing) {
      if (serverId?.startsWith(`${server}:`) !== true || !isMeant(id)) continue
      await requeue(id)
      news.log('info', `Job ${id} of Hangfire is back in its queue: ${server} does not end it.`)
    }
  }

  const read = async ({ repository, range }: AskedByJob): Promise<Asked> => {
    if (repository.length > MOST_CHARACTERS || range.length > MOST_CHARACTERS) {
      const problem = `Its arguments are too long: ${MOST_CHARACTERS} characters are read.`
      return { range: short(range), problem, isUnknown: false }
    }
    if (range.trim() === '') return { range: '(no commit)', problem: 'It names no commit.', isUnknown: false }
    if ([source.name, source.path, otherName].includes(repository)) return await readRange(source, range)
    const problem = `${JSON.stringify(repository)} is not reviewed here: ${JSON.stringify(source.name)} is.`
    // By this name it is no range of the repository that is reviewed here.
    return { range: `${repository}: ${range}`, problem, isUnknown: false }
  }

  return {
    state: link.state,
    serverOf,
    isUnderWay: (reviewId) => UNDER_WAY.includes(jobs.of(reviewId)[0]?.state),
    async submit({ id: reviewId, title, baseCommit, headCommit }) {
      if (!store.reviews.use(reviewId)) refuse(`The review of ${title} was removed just now.`)
      const last = jobs.of(reviewId)[0]
      let jobId = last?.jobId ?? ''
      try {
        // So its dashboard shows no failure that was mended.
        if (last?.state === 'Failed' && (await requeue(jobId)))
          return `Job ${jobId} of Hangfire is in its queue again, for the review of ${title}.`
        jobId = randomUUID()
        // Before an instance can take it.
        jobs.add({ jobId, reviewId, creator: 'page', state: 'Enqueued' })
        reviews.changed(reviewId)
        const values = [source.name, `${baseCommit}..${headCommit}`] as const
        await link.write((hangfire) => hangfire.jobs.enqueue(reviewJob, values, { id: jobId }))
        return `Job ${jobId} of Hangfire is queued, for the review of ${title}.`
      } catch (error) {
        saw(jobId, null)
        // It may be there all the same: the first beat that is answered says so.
        void atLast(() => look(jobId))
        const reason = error instanceof Error ? error.message : String(error)
        return refuse(`Hangfire did not take the review of ${title}. ${reason}`)
      }
    },
    async open(asked) {
      const { jobId } = asked
      try {
        const known = jobs.find(jobId)
        if (known !== undefined && store.reviews.use(known.reviewId)) {
          saw(jobId, 'Processing')
          return { review: known.reviewId }
        }
        const told = await read(asked)
        const { id: review } = openAsked({ source, reviews, store }, told)
        jobs.add({ jobId, reviewId: review, creator: 'Hangfire', state: 'Processing' })
        store.reviews.use(review)
        reviews.changed(review)
        return 'problem' in told ? { problem: told.problem } : { review }
      } catch (error) {
        return { problem: error instanceof Error ? error.message : String(error) }
      }
    },
    jobsOf: async (reviewId) =>
      await Promise.all(
        jobs
          .of(reviewId)
          .slice(0, MOST_SHOWN)
          .map(async ({ jobId, creator, state }) => {
            const job = await link.monitor.job(jobId).catch(() => undefined)
            const history = (job?.history ?? []).toReversed()
            return {
              jobId,
              creator,
              state: job?.state ?? state,
              history: history.map(({ name, createdAt, reason }) => ({ state: name, at: createdAt, reason })),
            }
          }),
      ),
    gone: (instance, pid) => atLast(() => bringBack(`${serverOf(instance)}:${pid}`, () => true)),
    settled: async () => void (await Promise.all(atWork)),
    async stalled({ jobKey, executionId, instance }) {
      if (instance === null || putBack.has(executionId)) return
      putBack.add(executionId)
      const ids = new Set(jobs.of(jobKey).map(({ jobId }) => jobId))
      if (ids.size > 0) await atLast(() => bringBack(serverOf(instance), (jobId) => ids.has(jobId)))
    },
  }
}

function short(text: string): string {
  return `${text.slice(0, 60)}…`
}
