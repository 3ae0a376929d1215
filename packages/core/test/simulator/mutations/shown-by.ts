/**
 * Seeds whose histories show that a mutation is wrong: `npm test` begins with them. `npm run sim -- --mutations` notes them
 * anew; when the histories are drawn in another way and it is not run, `npm test` takes minutes longer, and passes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Feature } from '../../../src/testing/simulator/workload.ts'
import { mutations, searchMutated } from './index.ts'
import type { Mutation } from './mutation.ts'

type Seeds = Readonly<Record<string, Readonly<Record<string, number>>>>

const FILE = join(import.meta.dirname, 'shown-by.json')
const noted = JSON.parse(readFileSync(FILE, 'utf8')) as Seeds

export function shownBy({ name: feature }: Feature, { name }: Mutation): number {
  return noted[feature]?.[name] ?? 1
}

/** The number of the mutations that no history shows, at most 1: an exit code. */
export async function noteShownBy(features: readonly Feature[]): Promise<number> {
  const seeds: Record<string, Record<string, number>> = {}
  let exitCode = 0
  for (const feature of features) {
    const found: Record<string, number> = (seeds[feature.name] = {})
    for (const mutation of mutations[feature.name] ?? []) {
      const [failure] = (await searchMutated(feature, mutation, 1)).failures
      console.log(`${feature.name}, ${mutation.name}: ${failure?.seed ?? 'no history shows it'}`)
      if (failure === undefined) exitCode = 1
      else found[mutation.name] = failure.seed
    }
  }
  writeFileSync(FILE, `${JSON.stringify(seeds, undefined, 2)}\n`)
  return exitCode
}
