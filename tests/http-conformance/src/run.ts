import { type HttpCase } from './case.ts'
import { httpCases } from './cases/index.ts'
import { Kit, NotServedError } from './kit.ts'
import { type Capability, type HttpTarget, capabilities } from './target.ts'
import { type Witness, startWitness } from './witness.ts'

export interface RunnableTarget extends HttpTarget {
  /** Called before each case: restarts an app that has ended or failed the previous case. */
  prepare?(afterFailure: boolean): Promise<void>
  close(): Promise<void>
}

export type CaseOutcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'notApplicable'; readonly reason: string }

export interface RunOptions {
  /** Default: all. */
  readonly cases?: readonly HttpCase[]
  /** A case that takes longer has failed. Default 60,000. */
  readonly limitMs?: number
}

/** Why the case cannot run against this target; undefined if nothing known before the run speaks against it. */
function reasonAgainst(target: HttpTarget, { needs = [] }: HttpCase): string | undefined {
  const isCapability = (name: string): name is Capability =>
    (capabilities as readonly string[]).includes(name)
  for (const need of needs) {
    if (target.missing?.[need] !== undefined) return target.missing[need]
    if (isCapability(need) && target[need] === undefined) return `the target has no ${need}`
  }
  return undefined
}

/** Runs the cases one after the other and reports each result. */
export async function runHttpCases(
  target: RunnableTarget,
  report: (one: HttpCase, outcome: CaseOutcome) => void,
  { cases = httpCases, limitMs = 60_000 }: RunOptions = {},
): Promise<void> {
  const witness = await startWitness()
  let afterFailure = false
  for (const one of cases) {
    const outcome = await runCase(target, one, witness, limitMs, afterFailure)
    if (outcome.status !== 'notApplicable') afterFailure = outcome.status === 'failed'
    report(one, outcome)
  }
  await witness.close()
}

/** Runs one case, and cleans up after it. */
export async function runCase(
  target: RunnableTarget,
  one: HttpCase,
  witness: Witness,
  limitMs: number,
  afterFailure = false,
): Promise<CaseOutcome> {
  const reason = reasonAgainst(target, one)
  if (reason !== undefined) return { status: 'notApplicable', reason }
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it had not ended after ${limitMs} ms`)), limitMs)
  })
  const kit = new Kit(target, witness)
  try {
    await Promise.race([limit, prepared(target, afterFailure).then(() => one.run(kit))])
    return { status: 'passed' }
  } catch (error) {
    return error instanceof NotServedError
      ? { status: 'notApplicable', reason: error.message }
      : { status: 'failed', error }
  } finally {
    clearTimeout(timer)
    await kit.end()
  }
}

async function prepared(target: RunnableTarget, afterFailure: boolean): Promise<void> {
  await target.prepare?.(afterFailure)
}
