import { setTimeout as delay } from 'node:timers/promises'
import { hostNow } from '../../clock.ts'
import type { Version } from '../kept-version.ts'
import { type Arena, disturb, replace } from './faults.ts'
import { planDisturbances } from './plan.ts'
import { inWords } from './words.ts'

export interface NemesisOptions {
  readonly arena: Omit<Arena, 'deploy' | 'say'>
  readonly seed: number
  /** Of the instances: they begin with the first. */
  readonly versions: readonly [Version, Version]
  /** Says what happens. */
  readonly say: (text: string) => void
  /** Ends it: what has begun is brought to its end, so that everything is whole. */
  readonly signal: AbortSignal
}

/** Disturbs by the plan of the seed, until it is asked to end. Settles when everything is whole again. */
export async function unleash({ arena, seed, versions, say, signal }: NemesisOptions): Promise<void> {
  const { places, rows } = arena
  let deploying: Promise<void> | undefined
  let current: Version = versions[0]
  const deploy = (): void => {
    deploying ??= (async () => {
      const beganAt = hostNow()
      current = current === versions[0] ? versions[1] : versions[0]
      say(`${inWords('deploy')}: ${current.name}`)
      for (const place of places) {
        // What is half deployed works, too.
        if (signal.aborted) return
        const replacedAt = hostNow()
        await replace(place, current)
        rows.fault('replacement', place.member.name, replacedAt)
      }
      rows.fault('deploy', '', beganAt)
      say(`${current.name} is deployed`)
    })().finally(() => (deploying = undefined))
    // What waits for the end of everything hears of a failure.
    deploying.catch(() => undefined)
  }
  const failures: unknown[] = []
  for (const disturbance of planDisturbances(seed, places.length)) {
    await delay(disturbance.restMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    await disturb({ ...arena, deploy, say }, disturbance).catch((error: unknown) => void failures.push(error))
    if (failures.length > 0) break
  }
  await deploying
  // The run would prove nothing.
  if (failures.length > 0) throw failures[0]
}
