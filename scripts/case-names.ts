/**
 * `node scripts/case-names.ts BEFORE AFTER`: which test of one checkout is which of another, so that none is lost.
 *
 * BEFORE and AFTER are the root folders of two worktrees in which `npm run setup` has run. It lists the tests of both with
 * `vitest list`, kit, mutations and HTTP cases included, and pairs each test of BEFORE with one of AFTER:
 *
 * 1. by the same name in the same file, a renamed file included
 * 2. by the same name anywhere
 * 3. by the table in FILE of `--renames FILE`: one `old => new` a line, full names
 * 4. by likeness of names, the same file first
 *
 * It prints `old => new` for each that is not the same, with a `?` in front where it guessed, and fails when a test of
 * BEFORE has no counterpart.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

interface Case {
  readonly name: string
  /** From the root. */
  readonly file: string
}

/** At least this much of two names is alike for one to be taken for the other. */
const LIKENESS = 0.5

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { renames: { type: 'string' }, likeness: { type: 'string' } },
})
const [before, after] = positionals.map((folder) => resolve(folder))
if (before === undefined || after === undefined) throw new Error('Which two folders?')
const renames = new Map(
  values.renames === undefined
    ? []
    : linesOf(values.renames).map((line) => line.split(' => ', 2) as [string, string]),
)
const least = Number(values.likeness ?? LIKENESS)

const old = casesIn(before)
const left = new Set(casesIn(after))
console.log(`${old.length} cases before, ${left.size} after`)

const found = new Map<Case, Case>()
const guessed = new Set<Case>()
pair((one, other) => one.name === other.name && basename(one.file) === basename(other.file))
pair((one, other) => one.name === other.name)
pair((one, other) => renames.get(one.name) === other.name)
for (const sameFile of [true, false]) guess(sameFile)

const changed = [...found].filter(([one, other]) => one.name !== other.name)
for (const [one, other] of changed) console.log(`${guessed.has(one) ? '? ' : ''}${one.name} => ${other.name}`)
const lost = old.filter((one) => !found.has(one))
for (const one of lost) console.log(`LOST ${one.file}: ${one.name}`)
for (const other of left) console.log(`NEW ${other.file}: ${other.name}`)
console.log(
  `${old.length - changed.length - lost.length} with the same name, ${changed.length} renamed ` +
    `(${guessed.size} of them guessed), ${lost.length} lost, ${left.size} new`,
)
process.exitCode = lost.length === 0 ? 0 : 1

function casesIn(root: string): Case[] {
  const directory = mkdtempSync(join(tmpdir(), 'case-names-'))
  try {
    const file = join(directory, 'list.json')
    const node = join(root, 'node_modules/.bin')
    execFileSync(join(node, 'vitest'), ['list', '--no-static-parse', `--json=${file}`], {
      cwd: root,
      env: { ...process.env, PATH: `${node}:${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const listed = JSON.parse(readFileSync(file, 'utf8')) as Case[]
    return listed.map((each) => ({ name: each.name, file: relative(root, each.file) }))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(' => '))
}

/** Takes each that fits out of `left`, one for one. */
function pair(fits: (one: Case, other: Case) => boolean): void {
  for (const one of old) {
    if (found.has(one)) continue
    const other = [...left].find((each) => fits(one, each))
    if (other !== undefined) take(one, other)
  }
}

/** The likest pairs first, so that a near one is not lost to a far one. */
function guess(sameFile: boolean): void {
  const pairs = old
    .filter((one) => !found.has(one))
    .flatMap((one) =>
      [...left]
        .filter((other) => !sameFile || basename(other.file) === basename(one.file))
        .map((other) => ({ one, other, likeness: likeness(one.name, other.name) })),
    )
    .filter((each) => each.likeness >= least)
    .toSorted((a, b) => b.likeness - a.likeness)
  for (const { one, other } of pairs) {
    if (found.has(one) || !left.has(other)) continue
    take(one, other)
    guessed.add(one)
  }
}

function take(one: Case, other: Case): void {
  found.set(one, other)
  left.delete(other)
}

/** The share of words that two names have in common, from 0 to 1. */
function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const common = [...left].filter((word) => right.has(word)).length
  return (2 * common) / (left.size + right.size)
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))
}
