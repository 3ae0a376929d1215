import { counted } from '../counted.ts'
import type { ChangedFile } from './diff.ts'
import { isGenerated } from './kinds-of-files.ts'
import type { Finding } from './reviewer.ts'

/** How carefully a change should be looked at. */
export interface Risk {
  /** 0 to 100. */
  readonly score: number
  readonly level: 'low' | 'medium' | 'high'
  /** Why, with the points that each adds. */
  readonly factors: readonly Factor[]
}

export interface Factor {
  readonly points: number
  readonly reason: string
}

/** From these scores on. */
const MEDIUM = 30
const HIGH = 60

/**
 * The rule, which `apps/demo/README.md` repeats: the points of all factors, 100 at most.
 *
 * - findings: 15 for an error, 45 at most; 4 for a warning, 20 at most
 * - size: 1 for every 20 changed lines that people wrote, 25 at most; 10 for more than 20 such files
 * - places: 10 each for security, the database, delivery and dependencies, 20 at most
 * - history: 5 for a file that changes all the time, 10 at most
 *
 * With an error it is medium at least, and with an error of security it is high: one key that is out is enough.
 *
 * @param changeCounts how many of the last commits touched each file
 */
export function riskOf(
  files: readonly ChangedFile[],
  findings: readonly Finding[],
  changeCounts: ReadonlyMap<string, number>,
): Risk {
  const written = files.filter(({ path }) => !isGenerated(path))
  const factors = [
    ...findingFactors(findings),
    ...sizeFactors(written),
    ...placeFactors(written),
    ...historyFactors(written, changeCounts),
  ]
  const errors = findings.filter(({ severity }) => severity === 'error')
  const least = errors.some(({ category }) => category === 'security') ? HIGH : errors.length > 0 ? MEDIUM : 0
  const sum = factors.reduce((total, { points }) => total + points, 0)
  const score = Math.min(100, Math.max(least, sum))
  return { score, level: score >= HIGH ? 'high' : score >= MEDIUM ? 'medium' : 'low', factors }
}

/** `high risk (72 of 100)` */
export function riskInWords({ score, level }: Risk): string {
  return `${level} risk (${score} of 100)`
}

/** What `riskInWords` has said, in a text. */
export function scoreIn(text: string): number | null {
  const score = /\((\d+) of 100\)/.exec(text)?.[1]
  return score === undefined ? null : Number(score)
}

function findingFactors(findings: readonly Finding[]): readonly Factor[] {
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length
  return [
    ...factor(Math.min(45, 15 * count('error')), counted(count('error'), 'error')),
    ...factor(Math.min(20, 4 * count('warning')), counted(count('warning'), 'warning')),
  ]
}

function sizeFactors(files: readonly ChangedFile[]): readonly Factor[] {
  const lines = files.reduce((sum, file) => sum + file.addedLines.length + file.deletions, 0)
  return [
    ...factor(Math.min(25, Math.floor(lines / 20)), counted(lines, 'changed line')),
    ...factor(files.length > 20 ? 10 : 0, counted(files.length, 'file')),
  ]
}

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)(auth|login|session|password|crypto|security)/i, 'authentication or security'],
  [/(^|\/)migrations?\/|\.sql$/i, 'the database schema'],
  [/(^|\/)\.github\/|(^|\/)\.ci\/|gitlab-ci|Jenkinsfile|Dockerfile/i, 'the build and delivery'],
  [
    /(^|\/)(package\.json|Cargo\.toml|go\.mod|pom\.xml|requirements[^/]*\.txt|[^/]+\.csproj)$/,
    'dependencies',
  ],
]

function placeFactors(files: readonly ChangedFile[]): readonly Factor[] {
  const touched = PLACES.filter(([pattern]) => files.some(({ path }) => pattern.test(path)))
  return factor(Math.min(20, 10 * touched.length), `it touches ${touched.map(([, what]) => what).join(', ')}`)
}

/** So many of the last commits make a file one that changes all the time. */
const OFTEN = 10

function historyFactors(
  files: readonly ChangedFile[],
  changeCounts: ReadonlyMap<string, number>,
): readonly Factor[] {
  const hot = files.filter(({ path }) => (changeCounts.get(path) ?? 0) >= OFTEN).length
  return factor(Math.min(10, 5 * hot), `${counted(hot, 'file')} with many changes lately`)
}

function factor(points: number, reason: string): readonly Factor[] {
  return points === 0 ? [] : [{ points, reason }]
}
