/** A reviewer that asks a model, in this process, over the stub and memory storage. */
import { type Holdfast, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import type { TestContext } from 'vitest'
import { guardedBy } from '../../src/jobs/guarded-work.ts'
import { askingModel } from '../../src/model/asking-model.ts'
import { MODEL_DEFAULTS, type ModelSettings } from '../../src/model/model-settings.ts'
import { type ModelStub, type StubOptions, startModelStub } from '../../src/model-stub/model-stub.ts'
import { parseChange } from '../../src/review/diff.ts'
import type { Analysis, Finding, ReviewRequest } from '../../src/review/reviewer.ts'
import { type Store, openStore } from '../../src/store/store.ts'

export const KEY = 'sk-hush-hush-hush'

export interface Asking {
  readonly stub: ModelStub
  readonly store: Store
  readonly holdfast: Holdfast
  /** What was said meanwhile, by review. */
  readonly told: readonly string[]
  /** Reviews the change. */
  readonly review: (reviewId: string, signal?: AbortSignal) => Promise<Analysis>
}

export interface AskingOptions extends StubOptions {
  readonly settings?: Partial<ModelSettings>
  readonly storage?: Storage
  readonly leaseMs?: number
  /** Of the change that is reviewed. Default: the third and the fourth line of a.txt are new. */
  readonly diff?: string
}

/** What the first reviewer finds in every change, at once: this is about the second. */
const FIRST: readonly Finding[] = [
  {
    file: 'a.txt',
    line: 4,
    severity: 'error',
    category: 'bug',
    rule: 'first/rule',
    message: 'It is wrong.',
    suggestion: 'Mend it.',
  },
]

const METRICS = { files: 1, additions: 2, deletions: 0, readFiles: 1, testFiles: 0 }

export async function asking(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  {
    settings,
    storage = memoryStorage(),
    leaseMs = 10_000,
    diff = adding('a.txt', ['three', 'four']),
    ...options
  }: AskingOptions = {},
): Promise<Asking> {
  const stub = await startModelStub({ key: KEY, ...options })
  onTestFinished(() => stub.close())
  const store = openStore(':memory:')
  const holdfast = createHoldfast({ storage, instance: 'one' })
  onTestFinished(async () => {
    await holdfast.close()
    store.close()
  })
  const usual = { ...MODEL_DEFAULTS, url: stub.url, key: KEY, model: 'stub', inputPrice: 2, outputPrice: 8 }
  const guarded = guardedBy(holdfast)
  const reviewer = askingModel(
    { name: 'first', review: async () => ({ reviewer: 'first', findings: FIRST, metrics: METRICS }) },
    {
      settings: { ...usual, ...settings },
      store,
      holdfast,
      withPermit: (signal, work) => guarded.modelCall(signal, work),
      instance: 'one',
      leaseMs,
    },
  )
  const request: ReviewRequest = {
    change: await parseChange(diff),
    context: { languages: [], projectType: { name: 'none', evidence: [] }, commits: [] },
    maxFiles: 100,
    readContents: async () => new Map(),
    readDiff: async () => diff,
    whitespaceErrors: '',
  }
  const told: string[] = []
  return {
    stub,
    store,
    holdfast,
    told,
    async review(reviewId, signal = new AbortController().signal) {
      const onProgress = (message: string): void => void told.push(`${reviewId} ${message}`)
      return await reviewer.review({ ...request, asker: { reviewId, fencingToken: 1, onProgress } }, signal)
    },
  }
}

/** A change that adds lines to the end of a file that has two. */
export function adding(path: string, lines: readonly string[]): string {
  return [
    `diff --git a/${path} b/${path}`,
    `index ${'1'.repeat(40)}..${'2'.repeat(40)} 100644`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -1,2 +1,${lines.length + 2} @@`,
    ' one',
    ' two',
    ...lines.map((line) => `+${line}`),
    '',
  ].join('\n')
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
