import { languageOf } from './languages.ts'

/** Written by a tool: no reviewer reads it line by line. */
export function isGenerated(path: string): boolean {
  return /(^|\/)(package-lock\.json|[^/]*lock\.(yaml|json)|[^/]+\.lock|go\.sum|dist|vendor|node_modules)($|\/)|\.min\.(js|css)$|\.snap$|\.map$|\.designer\.cs$/i.test(
    path,
  )
}

export function isTest(path: string): boolean {
  return /(^|\/)(tests?|specs?|__tests__)\/|\.(test|spec)(-d)?\.\w+$|_test\.\w+$|(^|\/)(test_|conftest)[^/]*$|Tests?\.(cs|java|kt)$/.test(
    path,
  )
}

/** What runs: a change of it can break something that a test would notice. */
export function isCode(path: string): boolean {
  return (
    /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kt|cs|php|swift|c|cpp)$/.test(path) && !/\.d\.[cm]?ts$/.test(path)
  )
}

const PROSE_AND_DATA = new Set([
  'CSV',
  'HTML',
  'JSON',
  'Markdown',
  'Other',
  'SVG',
  'Text',
  'XML',
  'YAML',
  'reStructuredText',
])

export function isProseOrData(path: string): boolean {
  return PROSE_AND_DATA.has(languageOf(path))
}
