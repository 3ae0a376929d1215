import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cliCommand, environment, runCli } from '../run-cli.ts'

/** What bash-completion brings: the words of the line, and which of them is being completed. */
const BASH_COMPLETION = `
_get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur="\${COMP_WORDS[COMP_CWORD]}"; prev="\${COMP_WORDS[COMP_CWORD-1]}"; }
`

/** Presses Tab behind each line, in a bash that has sourced the script. */
async function completedByBash(lines: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { out: script } = await runCli(['completion', 'bash'])
  const presses = lines.map((line) => {
    const words = line.split(' ')
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; COMPREPLY=(); __holdfast_complete; (IFS='|'; echo "\${COMPREPLY[*]}")`
  })
  const holdfast = `holdfast() { ${cliCommand} "$@"; }`
  const bash = ['-c', [BASH_COMPLETION, holdfast, script, ...presses].join('\n')]
  const { stdout } = await promisify(execFile)('bash', bash, { env: environment({}) })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.split('|').map((word) =>
        word
          .split(/\t| {2}/, 1)
          .join('')
          .trim(),
      ),
    )
}

describe('completion', () => {
  it('of bash knows commands, options and their values', async () => {
    const [commands, subcommands, options, values, codes] = await completedByBash([
      'holdfast lo',
      'holdfast locks re',
      'holdfast jobs list --sta',
      'holdfast jobs list --status st',
      'holdfast codes LEA',
    ])
    expect([commands, subcommands, values, codes]).toEqual([
      ['locks'],
      ['revoke'],
      ['stalled'],
      ['LEASE_LOST'],
    ])
    expect(options).toContain('--status')
  })

  it('of zsh is a function of that name, which asks the same', async () => {
    const { code, out } = await runCli(['completion', 'zsh'])
    expect(code).toBe(0)
    expect(out).toMatch(/^#compdef holdfast\n/)
    expect(out).toContain('holdfast complete -- ')
    expect((await runCli(['complete', '--', 'locks', 're'])).out).toMatch(/^revoke\t/)
  })

  it('of another shell is refused in one line', async () => {
    const { code, err } = await runCli(['completion', 'tcsh'])
    expect([code, err]).toEqual([2, expect.stringMatching(/^holdfast: [^\n]*tcsh[^\n]*\n$/)])
  })
})
