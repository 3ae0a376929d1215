import { setTimeout as delay } from 'node:timers/promises'
import { type Random, between, seeded } from '@holdfast/test-support/chaos'
import { JOB_TYPES, type JobType } from '../../jobs/job.ts'
import type { Change } from '../../live/review-desk.ts'
import type { Store } from '../../store/store.ts'
import type { Place } from '../fleet.ts'
import type { Order, SoakRows } from '../tables/soak-rows.ts'
import { ask } from './ask.ts'

export interface LoadParts {
  readonly places: readonly Place[]
  readonly changes: readonly Change[]
  readonly store: Store
  readonly rows: SoakRows
  readonly seed: number
  /** Ends it: no more reviews are opened. */
  readonly signal: AbortSignal
  /** Ends what was not answered by then. */
  readonly givenUp: AbortSignal
}

/** All starts of one job come at the same moment; so long before it they are sent. */
const AHEAD_MS = 50

const AGAIN_MS = 250

/** A duplicate is a user who clicks twice, and not for ever. */
const MOST_TRIES = 4

/** Opens reviews, and starts their jobs on several instances at once, until it is asked to end and each customer has the result. */
export async function keepReviewing(parts: LoadParts): Promise<void> {
  const { places, changes, store, rows, signal } = parts
  const open = new Set<Promise<void>>()
  for (let number = 1; !signal.aborted; number += 1) {
    // Of each review by itself: what others wait for does not change it.
    const random = seeded(parts.seed + number)
    const change = changes[between(random, 0, changes.length - 1)]
    if (change === undefined) throw new Error('There is nothing to review.')
    const reviewId = `soak-${number}`
    store.reviews.add({ ...change, id: reviewId, reviewer: 'local' })
    for (const jobType of jobsOf(random)) {
      const order: Order = { reviewId, jobType }
      rows.ordered(order)
      const starting = startEverywhere(parts, order, random).finally(() => open.delete(starting))
      open.add(starting)
    }
    await delay(between(random, 200, 900), undefined, { signal }).catch(() => undefined)
    while (open.size >= places.length * 2 && !signal.aborted) await Promise.race(open)
  }
  await Promise.all(open)
}

/** Every review is charged for; one other job comes with it. */
function jobsOf(random: Random): readonly JobType[] {
  const others = JOB_TYPES.filter((type) => type !== 'ai-review')
  const other = others[between(random, 0, others.length - 1)]
  return other === undefined ? ['ai-review'] : ['ai-review', other]
}

/** The customer asks until there is a result; one to three duplicates come at the same moment, of which some wait. */
async function startEverywhere(parts: LoadParts, order: Order, random: Random): Promise<void> {
  const at = Date.now() + AHEAD_MS
  const duplicates = Array.from({ length: between(random, 1, 3) }, () => random() < 0.4)
  const elsewhere = (): Place => elementOf(parts.places, random)
  const customer = async (): Promise<void> => {
    for (let tries = 0; !parts.givenUp.aborted; tries += 1) {
      const place = elsewhere()
      const { isResult, text } = await ask(place, order, { wait: true, at, signal: parts.givenUp })
      parts.rows.started(order, place.member.name, text)
      if (isResult) return parts.rows.fulfilled(order, text)
      parts.rows.answered(order, text)
      await delay(AGAIN_MS)
    }
  }
  const duplicate = async (wait: boolean): Promise<void> => {
    for (let tries = 0; tries < MOST_TRIES && !parts.givenUp.aborted; tries += 1) {
      const place = elsewhere()
      const { isAskedAgain, text } = await ask(place, order, { wait, at, signal: parts.givenUp })
      parts.rows.started(order, place.member.name, text)
      if (!isAskedAgain) return
      await delay(AGAIN_MS)
    }
  }
  await Promise.all([customer(), ...duplicates.map(duplicate)])
}

function elementOf<T>(all: readonly T[], random: Random): T {
  const element = all[between(random, 0, all.length - 1)]
  if (element === undefined) throw new Error('There are none.')
  return element
}
