import { type Diagnostic, type Health, HoldfastError } from '@holdfast/core'

/** What a health route shows. */
export type HealthView = Omit<Health, 'findings' | 'error'> & {
  readonly findings: readonly (Pick<Diagnostic, 'code' | 'severity' | 'stopsWork' | 'stopsCache'> &
    Partial<Diagnostic>)[]
  /** A code, with `exposeDetails` a message. */
  readonly error: string | null
}

/** What a health route shows. */
export interface HealthViewOptions {
  /**
   * Also shows the messages of errors and findings, which name addresses and versions of servers: for a route that the
   * public does not reach. Otherwise it shows their codes.
   * @default false
   */
  readonly exposeDetails?: boolean
}

/** The state of a storage for a health route, which is often public. */
export function healthView(
  { findings, error, ...state }: Health,
  { exposeDetails = false }: HealthViewOptions = {},
): HealthView {
  if (exposeDetails) return { ...state, findings, error: error?.message ?? null }
  return {
    ...state,
    findings: findings.map(({ code, severity, stopsWork, stopsCache }) => ({
      code,
      severity,
      ...(stopsWork !== undefined && { stopsWork }),
      ...(stopsCache !== undefined && { stopsCache }),
    })),
    error: error === null ? null : HoldfastError.isInstance(error) ? error.code : 'UNKNOWN',
  }
}

/** Why a storage is not up, for a log; undefined when it is. */
export function whyNotUp({ status, findings, error }: Health): string | undefined {
  if (status === 'up') return undefined
  return error?.message ?? findings.find(({ stopsWork }) => stopsWork)?.message ?? status
}

/** Why the cache keeps nothing, for a log; undefined when nothing stops it. The storage may be up all the same. */
export function whyNoCache({ findings }: Health): string | undefined {
  return findings.find(({ stopsCache }) => stopsCache)?.message
}
