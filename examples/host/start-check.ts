import { setTimeout as delay } from 'node:timers/promises'
import type { Diagnostic, Health, Holdfast } from '@holdfast/core'

/** As sysexits.h has them: a supervisor may start the process again after the first, and not after the second. */
export const EXIT_UNAVAILABLE = 69
export const EXIT_CONFIGURATION = 78

export class StartRefused extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

export interface StartCheck {
  /** `off`: serve whatever Redis does. The health route still says what is wrong. */
  readonly refuseOn: 'errors' | 'warnings' | 'off'
  /** How long Redis may take until it answers: it may be starting, too. */
  readonly waitMs: number
  /** Ends the wait: the process was asked to stop. */
  readonly signal?: AbortSignal
  /** Called with each finding that does not refuse. */
  readonly warn: (text: string) => void
}

/** Resolves when this instance may serve; throws {@link StartRefused} with the reason. */
export async function checkStart(
  holdfast: Pick<Holdfast, 'health'>,
  { refuseOn, waitMs, signal, warn }: StartCheck,
): Promise<void> {
  if (refuseOn === 'off') return
  const giveUpAt = performance.now() + waitMs
  let health = await holdfast.health()
  while (health.status === 'down' && !wantsOtherPassword(health)) {
    if (performance.now() >= giveUpAt)
      throw new StartRefused(`Redis does not answer: ${reasonOf(health)}`, EXIT_UNAVAILABLE)
    await delay(200, undefined, { signal })
    health = await holdfast.health()
  }
  if (health.status === 'down')
    throw new StartRefused(
      `Redis refuses the login: ${reasonOf(health)} Set the user and the password in REDIS_URL, or REDIS_PASSWORD.`,
      EXIT_CONFIGURATION,
    )
  const refuses = ({ severity, stopsWork }: Diagnostic): boolean =>
    stopsWork === true || severity === 'error' || refuseOn === 'warnings'
  const refused = health.findings.filter(refuses).map(textOf)
  if (refused.length > 0 || health.status !== 'up')
    throw new StartRefused([...refused, reasonOf(health)].filter(Boolean).join('\n'), EXIT_CONFIGURATION)
  for (const finding of health.findings) warn(textOf(finding))
}

/** Waiting does not help here. */
function wantsOtherPassword({ error }: Health): boolean {
  return /\b(NOAUTH|WRONGPASS)\b/.test(reasonOf({ error }))
}

function reasonOf({ error }: Pick<Health, 'error'>): string {
  return error?.message ?? ''
}

function textOf({ code, message, fix }: Diagnostic): string {
  return `${code}: ${message} ${fix}`
}
