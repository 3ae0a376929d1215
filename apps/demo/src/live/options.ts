import type { ModelLimits, ModelSettings } from '../model/model-settings.ts'
import type { HangfireSettings } from '../hangfire/settings.ts'
import type { CleanUpSettings } from '../instances/messages.ts'

/** What a world is made of. */
export interface WorldOptions {
  /** `redis`: that of REDIS_URL, else one that is started for the world, with its data on disk. */
  readonly storage: 'redis' | 'cluster' | 'memory'
  /** Starts one even where there is REDIS_URL: only such a one can be stopped. */
  readonly ownRedis?: boolean
  /** How many processes. Default: 3; memory storage has one. */
  readonly instances?: number
  /** Of all instances. Default: a mixture. */
  readonly client?: 'ioredis' | 'node-redis'
  /** Of all instances. Default: a mixture. */
  readonly framework?: 'fastify' | 'nest'
  /** The repository to review. Default: this one, or the sample where it has no history. */
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  /** Reviews the bundled sample. */
  readonly sample?: boolean
  /** The second reviewer. `stub`: a server of the demo itself, which answers from rules. Absent: none. */
  readonly model?: ModelSettings | (ModelLimits & { readonly stub: true })
  /** The Hangfire that reviews go through. `dashboard`: the address of its page, or null. Absent: they are started directly. */
  readonly hangfire?: HangfireSettings & { readonly dashboard: string | null }
  /** For the database and the logs. Default: a new one beside those of the last runs. */
  readonly folder?: string
  /** How long an owner that falls silent is waited for. */
  readonly leaseMs?: number
  /** So long a completed job answers every start with its result. Then it can run again. */
  readonly windowMs?: number
  /** Absent: nothing is ever removed. */
  readonly cleanUp?: CleanUpSettings
  /** Who may ask for reviews from outside, and for which repository, as the forge calls it. Absent: no forge may. */
  readonly webhook?: {
    readonly secret: string
    readonly repository: string
    /** So long commits may come after they were asked for. */
    readonly patienceMs: number
  }
  /** The pause after each stage of a job, for people to see it. */
  readonly paceMs?: number
  /** After so long an instance that is gone is started again, as an orchestrator would. Null: never. */
  readonly restartAfterMs?: number | null
  /** Hears what takes long at the start. */
  readonly print?: (text: string) => void
}

/** Options, with what is usual where nothing was said. */
export type WorldSettings = WorldOptions & Required<Pick<WorldOptions, keyof typeof DEFAULTS>>

export const DEFAULTS = {
  instances: 3,
  leaseMs: 5_000,
  windowMs: 300_000,
  paceMs: 500,
  restartAfterMs: 8_000,
} as const
