import type { Figures, ChaosReport } from '@holdfast/test-support/chaos'

interface Round {
  readonly feature: string
  readonly losesWrites: boolean
  readonly durationMs: number
}

export function printRound(round: Round, { seed, violations, figures }: ChaosReport): void {
  const { feature, losesWrites, durationMs } = round
  const kind = losesWrites ? ', the storage forgets' : ''
  const verdict = violations.length === 0 ? 'no violation' : `${violations.length} VIOLATIONS`
  console.log(`${feature}, seed ${seed}, ${(durationMs / 1_000).toFixed(0)} s${kind}: ${verdict}`)
  console.log(`  ${inWords(figures)}`)
  for (const { rule, key, at, what } of violations) console.log(`  ${rule} (${key}, at ${at}): ${what}`)
}

export function printTotal(reports: readonly ChaosReport[]): void {
  const sum = (of: (figures: Figures) => number): number =>
    reports.reduce((total, { figures }) => total + of(figures), 0)
  const violations = reports.reduce((total, report) => total + report.violations.length, 0)
  const faults = sum((figures) => Object.values(figures.faults).reduce((all, count) => all + count, 0))
  console.log(
    `${reports.length} rounds, ${sum(({ processes }) => processes)} processes, ${faults} faults, ` +
      `${sum(({ grants }) => grants)} grants, ${sum(({ replays }) => replays)} replays, ` +
      `${sum(({ ledgerWrites }) => ledgerWrites)} writes at the ledger, ` +
      `${sum(({ ledgerRefusals }) => ledgerRefusals)} refused there: ${violations} violations`,
  )
}

function inWords(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) =>
      typeof value === 'number' ? `${name} ${value}` : `${name} ${countsInWords(value)}`,
    )
    .join(', ')
}

function countsInWords(counts: Readonly<Record<string, number>>): string {
  return `(${Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')})`
}
