import type { Change, ChangedFile } from './diff.ts'
import { diffFindings, isGenerated, isTest, whitespaceFindings } from './diff-findings.ts'
import { OXLINT_VERSION, type SourceFile, isLintable, lint } from './oxlint.ts'
import type { ChangeMetrics, Finding, ReviewRequest, Reviewer } from './reviewer.ts'

/** Larger files are bundles or data, no matter what they are called. */
const MAX_SOURCE_BYTES = 512 * 1024

/**
 * Reviews with analysers on this machine: oxlint for JavaScript and TypeScript, `git diff --check` and measures of the
 * difference for every language. Only what the change itself brought in is reported.
 */
export function localReviewer(): Reviewer {
  const name = `local/1+oxlint/${OXLINT_VERSION}`
  return {
    name,
    async review(request, signal) {
      const sources = await readSources(request)
      signal.throwIfAborted()
      const findings = [
        ...onAddedLines(await lint(sources, signal), request.change.files),
        ...whitespaceFindings(request.whitespaceErrors),
        ...diffFindings(request.change.files),
      ]
      return { reviewer: name, findings: sorted(findings), metrics: measure(request.change, sources.length) }
    },
  }
}

async function readSources({ change, maxFiles, readContent }: ReviewRequest): Promise<readonly SourceFile[]> {
  const candidates = change.files.flatMap(({ path, kind, binary, addedLines, contentId }) => {
    const isSource = kind !== 'deleted' && !binary && isLintable(path) && !isGenerated(path)
    return isSource && addedLines.length > 0 && contentId !== undefined ? [{ path, contentId }] : []
  })
  // Not by name: a name need not be valid text.
  const sources = await Promise.all(
    candidates
      .slice(0, maxFiles)
      .map(async ({ path, contentId }) => ({ path, text: await readContent(contentId) })),
  )
  return sources.filter(({ text }) => text.length <= MAX_SOURCE_BYTES)
}

function onAddedLines(findings: readonly Finding[], files: readonly ChangedFile[]): readonly Finding[] {
  const added = new Map(files.map((file) => [file.path, new Set(file.addedLines.map(({ line }) => line))]))
  return findings.filter(({ file, line }) => line === undefined || added.get(file)?.has(line))
}

function measure({ files }: Change, lintedFiles: number): ChangeMetrics {
  return {
    files: files.length,
    additions: files.reduce((sum, file) => sum + file.addedLines.length, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    lintedFiles,
    testFiles: files.filter(({ path }) => isTest(path)).length,
  }
}

const RANK = { error: 0, warning: 1, info: 2 }

function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] || a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0),
  )
}
