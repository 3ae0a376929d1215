import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** Where the files are that users copy. */
const operations: string = join(import.meta.dirname, '../../../examples/operations')

export function fileOf(name: string): string {
  return readFileSync(join(operations, name), 'utf8')
}

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: { readonly severity: string; readonly cause?: string }
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>
}

/** The rules of the shipped file, in their order. */
export function alerts(): readonly Alert[] {
  return alertsIn('holdfast.rules.yml')
}

export function alertsIn(file: string): readonly Alert[] {
  const { groups } = parse(fileOf(`prometheus/${file}`)) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}
