import { type Capability, type HttpTarget } from './target.ts'
import { type HttpCase, Kit } from './case.ts'
import { httpCases } from './cases/index.ts'
import { type Witness, startWitness } from './witness.ts'

export interface RunnableTarget extends HttpTarget {
  close(): Promise<void>
  /** Why a capability is not there; shown with every case that needs it. */
  readonly missing?: Partial<Readonly<Record<Capability, string>>>
}

export type CaseOutcome =
  | { readonly status: 'passed' | 'failed'; readonly error?: unknown }
  | { readonly status: 'notApplicable'; readonly reason: string }

/** Why a case is not run against this target; undefined when it is. */
export function reasonAgainst(
  target: Pick<RunnableTarget, keyof RunnableTarget>,
  one: HttpCase,
): string | undefined {
  const lacking = one.needs?.find((name) => target[name] === undefined)
  return lacking === undefined ? undefined : (target.missing?.[lacking] ?? `the target has no ${lacking}`)
}

/** Runs the cases one after the other and tells how each went. */
export async function runHttpCases(
  target: RunnableTarget,
  report: (one: HttpCase, outcome: CaseOutcome) => void,
  cases: readonly HttpCase[] = httpCases,
): Promise<void> {
  const witness = await startWitness()
  for (const one of cases) report(one, await runCase(target, one, witness))
  await witness.close()
}

async function runCase(target: RunnableTarget, one: HttpCase, witness: Witness): Promise<CaseOutcome> {
  const reason = reasonAgainst(target, one)
  if (reason !== undefined) return { status: 'notApplicable', reason }
  try {
    await one.run(new Kit(target, witness))
    return { status: 'passed' }
  } catch (error) {
    return { status: 'failed', error }
  }
}
