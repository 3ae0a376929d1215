import type { ExplainedCode } from '../codes/index.ts'

/** As an entry of the table of codes; the runbook has all of it. */
export interface ExplainedAlert extends Pick<ExplainedCode, 'code' | 'from' | 'means' | 'doThis'> {
  readonly kind: 'alert'
}

const RUNBOOK = 'https://github.com/holdfast/holdfast/blob/main/docs/operations/runbook.md'

/** The alerts of `holdfast.rules.yml`: the page that wakes a person has these names. */
const ALERTS: Readonly<Record<string, string>> = {
  HoldfastStorageDown: 'Redis does not answer: no lock and no job can start.',
  HoldfastRedisMemory: 'Redis fills up; when it is full, it refuses new locks, jobs and entries.',
  HoldfastJobStuck: 'A job runs for longer than it should.',
  HoldfastLeaseLost: 'A process lost a lease that it was using, so two may have worked at once.',
  HoldfastWaitersPileUp: 'Many callers wait for one lock: its holder is slow or hangs.',
  HoldfastBreakerOpen: "The cache's storage does not answer in time, so loads run without it.",
  HoldfastLoaderFailures: 'The source behind a cache fails.',
}

export function explainAlert(name: string): ExplainedAlert | undefined {
  const word = name.trim().toLowerCase()
  const [code, means] = Object.entries(ALERTS).find(([each]) => each.toLowerCase() === word) ?? []
  if (code === undefined || means === undefined) return undefined
  const doThis = `Follow ${RUNBOOK}#${word}`
  return { code, kind: 'alert', from: 'Prometheus (holdfast.rules.yml)', means, doThis }
}
