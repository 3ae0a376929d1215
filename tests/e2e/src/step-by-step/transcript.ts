/** What a page shows of several terminals: in blocks of `console`, each line begins with the letter of its terminal. */

export type Action =
  /** `A$ command` */
  | { readonly does: 'type'; readonly command: string }
  /** `A⏎`: the Enter key, for the program that runs there. */
  | { readonly does: 'enter' }
  /** `A^C` */
  | { readonly does: 'interrupt' }
  /** `A^Z`, and later `A$ fg` */
  | { readonly does: 'freeze' }
  | { readonly does: 'resume' }
  /** `A| text` */
  | { readonly does: 'read'; readonly text: string }

export type Moment = Action & {
  readonly terminal: string
  /** As the page has it. */
  readonly line: string
}

const BLOCK = /^```console\n(.*?)^```$/gms
const LINE = /^(?<terminal>[A-Z])(?:\$ (?<command>.*)|\| ?(?<text>.*)|(?<key>⏎|\^C|\^Z))$/

const KEYS: Readonly<Record<string, Action>> = {
  '⏎': { does: 'enter' },
  '^C': { does: 'interrupt' },
  '^Z': { does: 'freeze' },
}

/** @throws at a line of a block that is none of these */
export function readTranscript(page: string): Moment[] {
  return [...page.matchAll(BLOCK)]
    .flatMap(([, block = '']) => block.trimEnd().split('\n'))
    .map((line) => {
      const { terminal = '', command, text, key = '' } = LINE.exec(line)?.groups ?? {}
      const action: Action | undefined =
        command === 'fg'
          ? { does: 'resume' }
          : command !== undefined
            ? { does: 'type', command }
            : text !== undefined
              ? { does: 'read', text }
              : KEYS[key]
      if (action === undefined) throw new Error(`the page has a line that no terminal shows: ${line}`)
      return { ...action, terminal, line }
    })
}

/** What differs from run to run gets one name: ids, instants, durations, tokens, and the blanks that align a column. */
export function masked(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replace(/\d{13,}/g, '<number>')
    .replace(/~[\w-]{8}(?=\.)/g, '~<process>')
    .replace(/(?<![\w-])[\w-]{22}(?![\w-])/g, '<id>')
    .replace(/\d+ (?:ms|s|min|h)(?: \d+ (?:ms|s|min))?\b/g, '<time>')
    .replace(/ +/g, ' ')
    .trimEnd()
}
