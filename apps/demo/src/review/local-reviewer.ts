import type { Cache } from '@holdfast/core'
import { basename } from 'node:path/posix'
import type { Analyser, Content, Marked } from './analysers/analyser.ts'
import { inThread } from './analysers/in-thread.ts'
import { lint } from './analysers/lint.ts'
import { remembered } from './analysers/remembered.ts'
import { THREADED } from './analysers/threaded.ts'
import type { Change, ChangedFile } from './diff.ts'
import { diffFindings, whitespaceFindings } from './diff-findings.ts'
import { isGenerated, isTest } from './kinds-of-files.ts'
import { missingTests } from './missing-tests.ts'
import { broughtIn, inOrder } from './relevant.ts'
import type { ChangeMetrics, Finding, ReviewRequest, Reviewer } from './reviewer.ts'

const ANALYSERS: readonly Analyser[] = [lint, ...THREADED.map(inThread)]

const VERSIONS = [...ANALYSERS, missingTests].map(({ name, version }) => `${name}/${version}`).join(' ')

/** Larger files are bundles or data, no matter what they are called. */
const MAX_SOURCE_CHARACTERS = 512 * 1024

/** A changed file whose content can be read. */
interface Subject {
  readonly file: ChangedFile
  readonly contentId: string
  /** All contents of the change, read when the first of them is needed. */
  readonly contents: () => Promise<ReadonlyMap<string, string>>
}

/**
 * Reviews with analysers on this machine. Each has a namespace in the cache, where its answers lie by content: a file that is
 * the same in another change, or on another branch, is not analysed again. Only what the change itself brought in is reported.
 */
export function localReviewer(cache?: Pick<Cache, 'namespace'>): Reviewer {
  const name = `local/2 (${VERSIONS})`
  const ofContent = ANALYSERS.map((analyser) => ({ analyser, ask: asked(analyser, cache) }))
  const ofChange = remembered<Change, readonly Finding[]>(cache, {
    name: missingTests.name,
    version: missingTests.version,
    key: ({ hash }) => [hash],
    compute: async (changes) => changes.map(missingTests.find),
  })
  return {
    name,
    async review(request, signal) {
      const { change } = request
      const subjects = subjectsOf(request)
      const findings: Finding[] = []
      // One after the other: they share this machine's processors with the reviews of other jobs.
      for (const { analyser, ask } of ofContent) {
        signal.throwIfAborted()
        const wanted = subjects.filter(({ file }) => analyser.reads(basename(file.path)))
        const remarks = await ask(wanted, signal)
        findings.push(
          ...wanted.flatMap(({ file }, at) => broughtIn(file, remarks.get(wanted[at] as Subject) ?? [])),
        )
      }
      findings.push(
        ...((await ofChange([change], signal)).get(change) ?? []),
        ...whitespaceFindings(request.whitespaceErrors),
        ...diffFindings(change.files),
      )
      return { reviewer: 'local/2', findings: inOrder(findings), metrics: measure(change, subjects.length) }
    },
  }
}

function subjectsOf({ change, maxFiles, readContents }: ReviewRequest): readonly Subject[] {
  let read: Promise<ReadonlyMap<string, string>> | undefined
  const contents = (): Promise<ReadonlyMap<string, string>> => (read ??= readContents([...ids]))
  const subjects = change.files
    .flatMap((file): Subject[] => {
      const { path, kind, type, binary, tooLarge, addedLines, contentId } = file
      const isReadable = kind !== 'deleted' && type === 'file' && !binary && !tooLarge && !isGenerated(path)
      if (!isReadable || addedLines.length === 0 || contentId === undefined) return []
      return [{ file, contentId, contents }]
    })
    .slice(0, maxFiles)
  const ids = new Set(subjects.flatMap(({ file, contentId }) => [contentId, file.previousId ?? contentId]))
  return subjects
}

function asked(analyser: Analyser, cache: Pick<Cache, 'namespace'> | undefined) {
  const { name, version, compares } = analyser
  return remembered<Subject, readonly Marked[]>(cache, {
    name,
    version,
    key: ({ file, contentId }) => [
      basename(file.path),
      contentId,
      ...(compares === true ? [file.previousId ?? ''] : []),
    ],
    async compute(subjects, signal) {
      const contents = await Promise.all(subjects.map((subject) => contentOf(subject, compares === true)))
      const small = contents.filter(({ text }) => text.length <= MAX_SOURCE_CHARACTERS)
      const remarks = await analyser.analyse(small, signal).catch((cause: unknown) => {
        signal.throwIfAborted()
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`The analyser ${name} failed: ${why}`, { cause })
      })
      const byContent = new Map(small.map((content, at) => [content, remarks[at] ?? []]))
      return contents.map((content) => byContent.get(content) ?? [])
    },
  })
}

/** By git's names for the contents, not by the path: a path need not be valid text. */
async function contentOf(
  { file: { path, previousId }, contentId, contents }: Subject,
  compares: boolean,
): Promise<Content> {
  const known = await contents()
  const before = compares && previousId !== undefined ? known.get(previousId) : undefined
  return { name: basename(path), text: known.get(contentId) ?? '', before }
}

function measure({ files }: Change, readFiles: number): ChangeMetrics {
  return {
    files: files.length,
    additions: files.reduce((sum, file) => sum + file.addedLines.length, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    readFiles,
    testFiles: files.filter(({ path }) => isTest(path)).length,
  }
}
