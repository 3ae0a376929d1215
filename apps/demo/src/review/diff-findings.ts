import type { ChangedFile } from './diff.ts'
import { isGenerated } from './kinds-of-files.ts'
import type { Finding } from './reviewer.ts'

/** What the difference itself shows, without the contents. */
export function diffFindings(files: readonly ChangedFile[]): readonly Finding[] {
  return files.filter(({ path }) => !isGenerated(path)).flatMap(findingsOf)
}

const LARGE_ADDITION = 400

function findingsOf(file: ChangedFile): readonly Finding[] {
  const remark = { file: file.path, severity: 'info', category: 'quality' } as const
  if (file.tooLarge) {
    return [
      {
        ...remark,
        rule: 'diff/too-large',
        message: 'The difference is too large: this review has not read it.',
        suggestion: 'If it is data, keep it outside the repository, or in Git LFS.',
      },
    ]
  }
  if (file.type === 'submodule' && file.kind !== 'deleted') {
    return [
      {
        ...remark,
        rule: 'diff/submodule',
        message:
          'Another repository is used at another commit. What changed in it is not part of this review.',
        suggestion: 'Review the commits between there.',
      },
    ]
  }
  if (file.addedLines.length <= LARGE_ADDITION) return []
  return [
    {
      ...remark,
      rule: 'diff/large-addition',
      message: `${file.addedLines.length} added lines in one file are hard to review.`,
      suggestion: 'Can the change be split, or the file?',
    },
  ]
}

/** Reads the lines `path:line: message` that `git diff --check` prints. */
export function whitespaceFindings(output: string): readonly Finding[] {
  return [...output.matchAll(/^(?<file>[^+].*?):(?<line>\d+): (?<message>.+)$/gm)].map(({ groups }) => {
    const { file = '', line = '', message = '' } = groups ?? {}
    const conflict = message.includes('conflict marker')
    return {
      file,
      line: Number(line),
      ...(conflict
        ? {
            severity: 'error' as const,
            category: 'bug' as const,
            rule: 'git/conflict-marker',
            message: 'A conflict of a merge was left as it was.',
            suggestion: 'Choose one of the two sides, or join them.',
          }
        : {
            severity: 'info' as const,
            category: 'style' as const,
            rule: 'git/whitespace',
            message: `Whitespace that no reader sees: ${message}`,
            suggestion: 'Let the editor remove it when it saves.',
          }),
    }
  })
}
