import type { Change } from './diff.ts'
import type { Commit } from './git-repository.ts'
import type { LanguageShare } from './languages.ts'
import type { ProjectType } from './project-type.ts'

/**
 * Who reviews a change. A language model would be one; the demo brings a local one that needs no network.
 * The answer depends on nothing but the request, so that it can be cached by it.
 */
export interface Reviewer {
  /** Name and version of everything that has a part in the answer: it is part of the cache key. */
  readonly name: string
  review(request: ReviewRequest, signal: AbortSignal): Promise<Analysis>
}

export interface ReviewRequest {
  readonly change: Change
  readonly context: ReviewContext
  /** At most so many files are looked at with the slower analysers. */
  readonly maxFiles: number
  /** The contents that changed files have before or after the change, by their `previousId` or `contentId`. */
  readonly readContents: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>
  /** As git prints it: for who reads the lines around those that were added. */
  readonly readDiff: () => Promise<string>
  /** What `git diff --check` says. */
  readonly whitespaceErrors: string
  /** Who asks; nothing in the answer depends on it. Absent: no review. */
  readonly asker?: Asker
}

export interface Asker {
  readonly reviewId: string
  /** Undefined without Holdfast. */
  readonly fencingToken: number | undefined
  /** Hears what is going on meanwhile. */
  readonly onProgress: (message: string) => void
}

/** What a reviewer should know beside the difference itself. */
export interface ReviewContext {
  readonly languages: readonly LanguageShare[]
  readonly projectType: ProjectType
  readonly commits: readonly Commit[]
}

export interface Analysis {
  readonly reviewer: string
  readonly findings: readonly Finding[]
  readonly metrics: ChangeMetrics
}

export const CATEGORIES = ['quality', 'security', 'performance', 'style', 'bug'] as const

export type Category = (typeof CATEGORIES)[number]

/** What is to be said of one place in a file. */
export interface Remark {
  /** In the file after the change, from 1. Absent: it is about the whole file. */
  readonly line?: number
  readonly severity: 'error' | 'warning' | 'info'
  readonly category: Category
  readonly rule: string
  readonly message: string
  /** What to do about it, or where to read on. */
  readonly suggestion: string
}

export interface Finding extends Remark {
  readonly file: string
}

export interface ChangeMetrics {
  readonly files: number
  readonly additions: number
  readonly deletions: number
  /** Files whose content was looked at. */
  readonly readFiles: number
  readonly testFiles: number
}
