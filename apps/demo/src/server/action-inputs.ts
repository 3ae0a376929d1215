import * as z from 'zod'
import type { ActionName, Actions } from '../events/snapshot.ts'
import { JOB_TYPES } from '../jobs/job.ts'

/** More starts than this say no more, and a laptop feels them. */
const MOST_STARTS = 200

const nothing = z.strictObject({})
const instance = z.strictObject({ instance: z.string().min(1).max(100) })
const jobType = z.enum(JOB_TYPES)
const work = z.strictObject({ jobType, jobKey: z.string().min(1).max(1_000) })
/** Git would take one that begins with a hyphen for an option. */
const ref = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^-\s][^\s]*$/, 'must be the name of a commit, such as HEAD~5 or main')

const range = ref.refine(
  (text) => text.split('..').length <= 2 && !text.startsWith('..') && !text.endsWith('..'),
  {
    error: 'must be a commit, or a range such as main~3..main',
  },
)

const review = z.string().min(1).max(1_000)
/** The version of it that the person saw. */
const seen = z.int().min(1)

const fire = z
  .strictObject({
    times: z.int().min(1).max(MOST_STARTS),
    waiting: z.int().min(0).max(MOST_STARTS),
    jobType: jobType.exactOptional(),
    jobKey: z.string().min(1).max(1_000).exactOptional(),
    instances: z.array(z.string().min(1).max(100)).min(1).max(100).exactOptional(),
  })
  .refine(({ times, waiting }) => waiting <= times, {
    path: ['waiting'],
    error: 'cannot be more than all starts',
  })

const INPUTS: { readonly [Name in ActionName]: z.ZodType<Actions[Name]> } = {
  fire,
  review: z.strictObject({ base: ref, head: ref }),
  'review-many': z.strictObject({
    ranges: z.array(range).min(1).max(50),
    each: z.boolean().exactOptional(),
  }),
  decide: z.strictObject({
    review,
    act: z.enum(['approve', 'reject', 'merge']),
    seen,
    reason: z.string().trim().min(1).max(1_000).exactOptional(),
  }),
  'review-again': z.strictObject({ review, seen }),
  retry: z.strictObject({ review }),
  kill: instance,
  freeze: instance,
  thaw: instance,
  cut: instance,
  restore: instance,
  start: instance,
  'stop-redis': nothing,
  'start-redis': nothing,
  reviewer: z.strictObject({ mode: z.enum(['normal', 'slow', 'failing']) }),
  without: nothing,
  cancel: work,
  forget: work,
  revoke: z.strictObject({ lock: z.string().min(1).max(1_000), token: z.string().min(1).max(200) }),
  'clear-cache': z.strictObject({ namespace: z.string().min(1).max(200).exactOptional() }),
  tour: z.strictObject({
    go: z.enum(['start', 'next', 'back', 'again', 'end']),
    from: z.literal([1, 2, 3, 4, 5, 6]).optional(),
  }),
}

export function isActionName(name: string): name is ActionName {
  return Object.hasOwn(INPUTS, name)
}

export type ReadInput<Name extends ActionName> =
  | { readonly ok: true; readonly input: Actions[Name] }
  /** For people: which part is wrong, and how. */
  | { readonly ok: false; readonly problem: string }

export function readInput<Name extends ActionName>(name: Name, body: unknown): ReadInput<Name> {
  const schema: z.ZodType<Actions[Name]> = INPUTS[name]
  const { success, data, error } = schema.safeParse(body ?? {})
  if (success) return { ok: true, input: data }
  const problem = error.issues
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
    .join('; ')
  return { ok: false, problem: `${name} cannot be done: ${problem}` }
}
