import type { FeedRefusal } from '@holdfast/core/storage'
import type { RedisInvalidations } from '../invalidations/redis-invalidations.ts'
import type { Finding } from './finding.ts'
import { throwawayName } from './throwaway.ts'

/** How long a healthy link may take to be proven. */
const PROVEN_MS = 2_000
const MAX_STALE_MS = 1_000

/** Follows a throwaway name of the `app`, if one is given, as a near cache does; `rights` are those to grant. */
export async function tryNear(
  feed: RedisInvalidations,
  rights: string,
  app: string | undefined,
): Promise<Finding[]> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const refusal = await new Promise<FeedRefusal | undefined>((resolve) => {
      const late = new Error(`No link was proven within ${PROVEN_MS} ms.`)
      timer = setTimeout(() => resolve({ code: 'TRACKING_UNPROVEN', cause: late }), PROVEN_MS)
      feed.follow(
        throwawayName(app),
        { maxStaleMs: MAX_STALE_MS },
        {
          up: () => resolve(undefined),
          refused: resolve,
          proven() {},
          invalidated() {},
          everything() {},
          down() {},
          ignored() {},
        },
      )
    })
    return refusal === undefined ? [] : [findingOf(refusal, rights)]
  } finally {
    clearTimeout(timer)
    feed.close()
  }
}

function findingOf({ code, cause }: FeedRefusal, rights: string): Finding {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const without = 'No copies are kept in the process, and every read goes to Redis.'
  if (code === 'TRACKING_UNPROVEN') {
    return {
      code,
      severity: 'warning',
      message: `Redis does not report to this process what it writes: ${reason} ${without}`,
      fix: 'Connect to the primary itself: reads and reports must come from the same server, and a proxy in between must pass on what that sends by itself.',
    }
  }
  const isAboutRights = /\bNOPERM\b/.test(reason)
  return {
    code,
    severity: 'warning',
    message: `Redis refuses to report changes: ${reason}. ${without}`,
    fix: isAboutRights
      ? `Permit the user what it lacks: ${rights}`
      : 'Leave `near` out here: this service does not offer CLIENT TRACKING (Redis 6.2 or newer, and Valkey, do).',
  }
}
