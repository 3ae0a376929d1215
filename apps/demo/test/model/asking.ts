/** A reviewer that asks a model, in this process, over the stub and memory storage. */
import { type Holdfast, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import type { TestContext } from 'vitest'
import { openReviewing } from '../../src/instances/reviewing.ts'
import { guardedBy } from '../../src/jobs/guarded-work.ts'
import { MODEL_DEFAULTS, type ModelSettings } from '../../src/model/model-settings.ts'
import { type ModelStub, type StubOptions, startModelStub } from '../../src/model-stub/model-stub.ts'
import { openRepository } from '../../src/review/git-repository.ts'
import { requestFor } from '../../src/review/review-range.ts'
import type { Analysis } from '../../src/review/reviewer.ts'
import { type Store, openStore } from '../../src/store/store.ts'
import { type TestRepository, createRepository } from '../repository.ts'

export const KEY = 'sk-hush-hush-hush'

export interface Asking {
  readonly stub: ModelStub
  readonly store: Store
  readonly holdfast: Holdfast
  readonly repository: TestRepository
  /** What was said meanwhile, by review. */
  readonly told: readonly string[]
  /** Reviews all that was committed since the first commit. */
  readonly review: (reviewId: string, signal?: AbortSignal) => Promise<Analysis>
}

export interface AskingOptions extends StubOptions {
  readonly settings?: Partial<ModelSettings>
  readonly storage?: Storage
  /** Of the commit that is reviewed. */
  readonly files?: Parameters<TestRepository['commit']>[0]
}

/** Two lines of it are new: the third and the fourth. */
export const FILES = { 'a.txt': 'one\ntwo\nthree\nfour\n' }

export async function asking(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  { settings, storage = memoryStorage(), files = FILES, ...options }: AskingOptions = {},
): Promise<Asking> {
  const stub = await startModelStub({ key: KEY, ...options })
  onTestFinished(() => stub.close())
  const store = openStore(':memory:')
  const holdfast = createHoldfast({ storage, instance: 'one' })
  onTestFinished(async () => {
    await holdfast.close()
    store.close()
  })
  const model = {
    ...MODEL_DEFAULTS,
    url: stub.url,
    key: KEY,
    model: 'stub',
    inputPrice: 2,
    outputPrice: 8,
    ...settings,
  }
  const { reviewer } = await openReviewing({
    settings: {
      name: 'one',
      client: 'memory',
      databasePath: '',
      logPath: '',
      leaseMs: 10_000,
      paceMs: 0,
      withHoldfast: true,
      model,
    },
    store,
    holdfast,
    guarded: guardedBy(holdfast),
  })
  const repository = createRepository(onTestFinished)
  const base = repository.commit({ 'a.txt': 'one\ntwo\n' })
  repository.commit(files)
  const told: string[] = []
  return {
    stub,
    store,
    holdfast,
    repository,
    told,
    async review(reviewId, signal = new AbortController().signal) {
      const git = await openRepository(repository.path)
      const request = await requestFor(git, await git.resolveRange(base), 100)
      const asker = {
        reviewId,
        fencingToken: 1,
        onProgress: (message: string) => void told.push(`${reviewId} ${message}`),
      }
      return await reviewer.review({ ...request, asker }, signal)
    },
  }
}

/** What a model may say. */
export function found(...lines: readonly (readonly [file: string, line: number])[]): string {
  const findings = lines.map(([file, line]) => ({
    file,
    line,
    severity: 'warning',
    category: 'bug',
    rule: 'Off by one',
    message: `About ${line}.`,
    suggestion: 'Count again.',
  }))
  return JSON.stringify({ findings })
}
