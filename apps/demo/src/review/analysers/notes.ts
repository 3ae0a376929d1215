import { isProseOrData } from '../kinds-of-files.ts'
import { type Analyser, type Marked, oneByOne } from './analyser.ts'

type Line = Omit<Marked, 'line'> & { readonly applies: (name: string, text: string) => boolean }

const LONG_LINE = 160

/** In a comment, which begins outside of a text in quotes. */
const UNFINISHED =
  /^(?:[^'"`]|'[^']*'|"[^"]*"|`[^`]*`)*(?:\/\/|#|\/\*|^\s*\*|--|<!--|^\s*;)\s*(?:\w+\s+)?(?:TODO|FIXME|XXX)\b/

const LINES: readonly Line[] = [
  {
    severity: 'info',
    category: 'quality',
    rule: 'notes/unfinished',
    message: 'A note about unfinished work is added.',
    suggestion: 'Finish it in this change, or open an issue and name it here.',
    applies: (name, text) => !name.endsWith('.md') && UNFINISHED.test(text),
  },
  {
    severity: 'info',
    category: 'style',
    rule: 'notes/long-line',
    message: `The line is longer than ${LONG_LINE} characters.`,
    suggestion: 'Break it where a reader would pause.',
    applies: (name, text) => text.length > LONG_LINE && !isProseOrData(name),
  },
  {
    severity: 'warning',
    category: 'bug',
    rule: 'notes/not-utf-8',
    message:
      'The line has bytes that are no UTF-8, shown as \uFFFD: programs that read it will not agree on its text.',
    suggestion: 'Save the file as UTF-8.',
    applies: (_, text) => text.includes('\uFFFD'),
  },
]

/** What single lines show, in any language. */
export const notes: Analyser = {
  name: 'notes',
  version: '1',
  reads: () => true,
  analyse: oneByOne(({ name, text }) =>
    text.split('\n').flatMap((line, index) =>
      LINES.filter(({ applies }) => applies(name, line)).map(({ applies: _, ...remark }): Marked => ({
        ...remark,
        line: index + 1,
      })),
    ),
  ),
}
