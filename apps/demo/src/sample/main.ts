/** `npm run reviews`: what the local reviewer says, of the bundled sample or of any range, without instances and without Redis. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { GitInputError, openRepository } from '../review/git-repository.ts'
import { localReviewer } from '../review/local-reviewer.ts'
import { requestFor } from '../review/review-range.ts'
import { accuracyOf } from './accuracy.ts'
import { makeSample } from './make-sample.ts'
import { plantedFaults } from './planted.ts'
import { accuracyInWords, findingsInWords } from './words.ts'
import { type Risk, riskOf } from '../review/risk.ts'
import type { Finding } from '../review/reviewer.ts'

interface Reviewed {
  readonly findings: readonly Finding[]
  readonly risk: Risk
}

const HISTORY_COMMITS = 300
const MOST_FILES = 1_000

async function review(path: string, base?: string, head?: string): Promise<Reviewed> {
  const git = await openRepository(path)
  const range = await git.resolveRange(base, head)
  const request = await requestFor(git, range, MOST_FILES)
  const { findings } = await localReviewer().review(request, new AbortController().signal)
  const counts = await git.changeCounts(range.head, HISTORY_COMMITS)
  return { findings, risk: riskOf(request.change.files, findings, counts) }
}

interface Options {
  readonly repo?: string
  readonly base?: string
  readonly head?: string
}

const { repo, base, head } = new Command('npm run reviews --')
  .description(
    'Says what the local reviewer finds. Without options: in the bundled sample, with precision and recall over its planted faults.',
  )
  .option('--repo <path>', 'review a git repository instead of the sample')
  .option('--base <commit>', 'from this commit; default: five before the head')
  .option('--head <commit>', 'to this commit; default: HEAD')
  .parse()
  .opts<Options>()

try {
  if (repo !== undefined || base !== undefined || head !== undefined) {
    const { findings, risk } = await review(repo ?? '.', base, head)
    process.stdout.write(`${findingsInWords(findings, risk)}\n`)
  } else {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-sample-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const { findings, risk } = await review(await makeSample(join(folder, 'sample-shop')))
    const planted = await plantedFaults()
    const accuracy = accuracyOf(planted, findings)
    process.stdout.write(`${findingsInWords(findings, risk)}\n\n${accuracyInWords(planted, accuracy)}\n`)
    if (accuracy.wrong.length > 0) process.exitCode = 1
  }
} catch (error) {
  if (!(error instanceof GitInputError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
