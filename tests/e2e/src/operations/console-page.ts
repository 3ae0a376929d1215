/** A document whose blocks of `console` show commands, behind `$ ` (and `> ` where they go on), and what they say. */
export interface ConsolePage {
  readonly commands: readonly string[]
  /** What the page shows for each. */
  readonly answers: readonly string[]
  /** The page with other answers. */
  withAnswers(answers: readonly string[]): string
}

const BLOCK = /^```console\n(.*?)^```$/gms

export function readConsolePage(page: string): ConsolePage {
  const shown = [...page.matchAll(BLOCK)].flatMap(([, block = '']) => answered(block))
  return {
    commands: shown.map(({ command }) => command),
    answers: shown.map(({ answer }) => answer),
    withAnswers(answers) {
      let next = 0
      return page.replace(BLOCK, (_, block: string) => {
        const lines = answered(block).flatMap(({ prompt }) => [prompt, answers[next++]].filter(Boolean))
        return `\`\`\`console\n${lines.join('\n')}\n\`\`\``
      })
    },
  }
}

interface Answered {
  /** As it stands in the page. */
  readonly prompt: string
  readonly command: string
  readonly answer: string
}

function answered(block: string): Answered[] {
  return [...block.matchAll(/^\$ .*\n(?:> .*\n)*/gm)].map((match, i, all) => {
    const [prompt] = match
    const answer = block.slice(match.index + prompt.length, all[i + 1]?.index)
    return { prompt: prompt.trimEnd(), command: prompt.replace(/^[$>] /gm, ''), answer: answer.trimEnd() }
  })
}

/** Puts something of the same length for what differs from run to run: ids, instants, and what is left of a life. */
export function masked(answer: string): string {
  return answer
    .replace(/^(\d{13})(V1\w)([\w-]{11}(?:[\w-]{6}\d{16})+)/gm, (_, at: string, kind: string, rest: string) =>
      [hidden(at), kind, hidden(rest)].join(''),
    )
    .replace(/(?<=token )[\w-]{11}/g, hidden)
    .replace(/(?<![\w-])(?:[\w-]{6}1\d{15})+(?!\w)/g, hidden)
    .replace(/(?<=^L)[\w-]{22}(?=\.\d{16};)/gm, hidden)
    .replace(/(?<=~)[\w-]{8}(?=[.}])/g, hidden)
    .replace(/(?<![\w-])[\w-]{22}(?![\w-])/g, hidden)
    .replace(/\d{13,}/g, hidden)
    .replace(/^\d{4,}$/gm, 'ms')
}

function hidden(text: string): string {
  return '?'.repeat(text.length)
}
