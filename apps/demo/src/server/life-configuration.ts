import * as z from 'zod'
import type { WorldOptions } from '../live/options.ts'
import { milliseconds, schedule } from './values.ts'

/** The keys of the life of reviews: until when a result counts, what is removed, and who may ask for reviews from outside. */
export const LIFE_KEYS = {
  AIREVIEW_WINDOW_MS: milliseconds(1_000, 86_400_000, 300_000).default(300_000),
  AIREVIEW_CLEAN_UP: schedule('0 * * * * *').default('0 * * * * *'),
  AIREVIEW_KEEP_MS: milliseconds(1_000, 31_536_000_000, 600_000).default(600_000),
  /** No message shows it. */
  AIREVIEW_WEBHOOK_SECRET: z.string().min(16, 'must have at least 16 characters').max(200).optional(),
  AIREVIEW_WEBHOOK_REPOSITORY: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'must be the name that the forge has for it, such as acme/shop')
    .optional(),
  AIREVIEW_WEBHOOK_PATIENCE_MS: milliseconds(1_000, 86_400_000, 600_000).default(600_000),
}

type Read = z.infer<z.ZodObject<typeof LIFE_KEYS>>

export function lifeProblems(read: Read): readonly string[] {
  const { AIREVIEW_WEBHOOK_SECRET: secret, AIREVIEW_WEBHOOK_REPOSITORY: repository } = read
  if ((secret === undefined) === (repository === undefined)) return []
  return ['AIREVIEW_WEBHOOK_SECRET and AIREVIEW_WEBHOOK_REPOSITORY go together: set both, or leave both out']
}

export function lifeOf(read: Read): Pick<WorldOptions, 'windowMs' | 'cleanUp' | 'webhook'> {
  const { AIREVIEW_CLEAN_UP: clean, AIREVIEW_KEEP_MS: keepMs } = read
  const { AIREVIEW_WEBHOOK_SECRET: secret, AIREVIEW_WEBHOOK_REPOSITORY: repository } = read
  return {
    windowMs: read.AIREVIEW_WINDOW_MS,
    ...(clean === 'never' ? {} : { cleanUp: { schedule: clean, keepMs } }),
    ...(secret === undefined || repository === undefined
      ? {}
      : { webhook: { secret, repository, patienceMs: read.AIREVIEW_WEBHOOK_PATIENCE_MS } }),
  }
}
