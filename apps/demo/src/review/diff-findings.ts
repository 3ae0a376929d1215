import type { ChangedFile } from './diff.ts'
import { languageOf } from './languages.ts'
import type { Finding } from './reviewer.ts'

/** What the added lines alone show, in any language. */
export function diffFindings(files: readonly ChangedFile[]): readonly Finding[] {
  return files
    .filter((file) => !file.binary && !isGenerated(file.path))
    .flatMap((file) => [
      ...sizeFindings(file),
      ...file.addedLines.flatMap(({ line, text }) =>
        LINE_CHECKS.filter((check) => check.applies(file.path, text)).map((check) => {
          const { severity, rule, message } = check
          return { file: file.path, line, severity, rule, message }
        }),
      ),
    ])
}

/** Reads the lines `path:line: message` that `git diff --check` prints. */
export function whitespaceFindings(output: string): readonly Finding[] {
  return [...output.matchAll(/^(?<file>[^+].*?):(?<line>\d+): (?<message>.+)$/gm)].map(({ groups }) => {
    const { file = '', line = '', message = '' } = groups ?? {}
    const conflict = message.includes('conflict marker')
    return {
      file,
      line: Number(line),
      severity: conflict ? ('error' as const) : ('info' as const),
      rule: conflict ? 'git/conflict-marker' : 'git/whitespace',
      message,
    }
  })
}

/** Written by a tool: no reviewer reads it line by line. */
export function isGenerated(path: string): boolean {
  return /(^|\/)(package-lock\.json|[^/]*lock\.(yaml|json)|[^/]+\.lock|go\.sum|dist|vendor|node_modules)($|\/)|\.min\.(js|css)$|\.snap$|\.map$/.test(
    path,
  )
}

export function isTest(path: string): boolean {
  return /(^|\/)(tests?|specs?|__tests__)\/|\.(test|spec)\.\w+$|_test\.\w+$|(^|\/)test_[^/]+$|Tests?\.(cs|java|kt)$/.test(
    path,
  )
}

const LARGE_ADDITION = 400
const LONG_LINE = 160
const PROSE_AND_DATA = new Set(['CSV', 'HTML', 'JSON', 'Markdown', 'Other', 'SVG', 'Text', 'XML', 'YAML'])

function sizeFindings(file: ChangedFile): readonly Finding[] {
  if (file.tooLarge) {
    const message = 'The difference is too large to be reviewed; does the file belong into the repository?'
    return [{ file: file.path, severity: 'info', rule: 'diff/too-large', message }]
  }
  if (file.addedLines.length <= LARGE_ADDITION) return []
  const message = `${file.addedLines.length} added lines in one file are hard to review; can the change be split?`
  return [{ file: file.path, severity: 'info', rule: 'diff/large-addition', message }]
}

interface LineCheck extends Pick<Finding, 'severity' | 'rule' | 'message'> {
  applies(path: string, text: string): boolean
}

const LINE_CHECKS: readonly LineCheck[] = [
  {
    severity: 'error',
    rule: 'diff/secret',
    message: 'This looks like a credential; it stays in the history even when it is removed later.',
    applies: (_path, text) =>
      /-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b/.test(text),
  },
  {
    severity: 'info',
    rule: 'diff/unfinished',
    message: 'A note about unfinished work is added.',
    applies: (path, text) => languageOf(path) !== 'Markdown' && /\b(TODO|FIXME|XXX)\b/.test(text),
  },
  {
    severity: 'info',
    rule: 'diff/long-line',
    message: `The line is longer than ${LONG_LINE} characters.`,
    applies: (path, text) => text.length > LONG_LINE && !PROSE_AND_DATA.has(languageOf(path)),
  },
]
