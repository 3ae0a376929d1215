import type { Finding } from '../review/reviewer.ts'
import type { Planted } from './sample-files.ts'

/** How findings compare with the faults that are there. */
export interface Accuracy {
  /** Of the findings, how many are right: from 0 to 1. */
  readonly precision: number
  /** Of the faults, how many were found. */
  readonly recall: number
  /** Faults that were found. */
  readonly found: readonly Planted[]
  readonly missed: readonly Planted[]
  /** Findings about what is no fault. */
  readonly wrong: readonly Finding[]
}

/** A finding is right when a fault of its category, and of its rule, lies on its line. */
export function accuracyOf(planted: readonly Planted[], findings: readonly Finding[]): Accuracy {
  const faults = new Set(planted.map(keyOf))
  const told = new Set(findings.map(keyOf))
  const wrong = findings.filter((finding) => !faults.has(keyOf(finding)))
  const found = planted.filter((fault) => told.has(keyOf(fault)))
  return {
    precision: part(findings.length - wrong.length, findings.length),
    recall: part(found.length, planted.length),
    found,
    missed: planted.filter((fault) => !told.has(keyOf(fault))),
    wrong,
  }
}

function keyOf({ file, line, category, rule }: Planted): string {
  return `${file}:${line ?? ''} ${category} ${rule}`
}

function part(count: number, of: number): number {
  return of === 0 ? 1 : count / of
}
