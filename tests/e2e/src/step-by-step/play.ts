import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findRedisServer } from '@holdfast/test-support/redis'
import { type RedisNode, temporaryDirectory } from '@holdfast/test-support/servers'
import { until } from '../poll.ts'
import { Terminal } from './terminal.ts'
import { type Moment, masked } from './transcript.ts'

const root = resolve(import.meta.dirname, '../../../..')
/** Longer than a lease of the page's programs: one of its looks waits until that is over. */
const LOOK_MS = 40_000
const node = `'${process.execPath}' --conditions=@holdfast/source --no-warnings`

/**
 * Does what the moments say in as many terminals as they have, on a server, and resolves with the lines as they came. Only
 * the order within a terminal is compared. A look (any command but `node`) is repeated until it shows what it should: what
 * another terminal has just done may not have arrived.
 */
export async function play(moments: readonly Moment[], server: RedisNode): Promise<readonly string[]> {
  const directory = temporaryDirectory()
  const env = await commands(directory.path, server)
  const terminals = new Map<string, Terminal>()
  const played: string[] = []
  try {
    for (let i = 0; i < moments.length; i += 1) {
      const moment = moments[i] as Moment
      const { terminal: letter, line } = moment
      const terminal = terminals.get(letter) ?? new Terminal({ cwd: directory.path, env })
      terminals.set(letter, terminal)
      if (moment.does === 'read') {
        const text = await terminal.read()
        if (text === undefined)
          throw new Error(
            `${letter} did not say: ${moment.text}\nIt happened like this:\n${played.join('\n')}`,
          )
        played.push(`${letter}| ${text}`)
        continue
      }
      played.push(line)
      if (moment.does === 'enter') terminal.enter()
      else if (moment.does === 'interrupt') terminal.signal('SIGINT')
      else if (moment.does === 'freeze') terminal.signal('SIGSTOP')
      else if (moment.does === 'resume') terminal.signal('SIGCONT')
      else if (moment.command.startsWith('node ')) await terminal.type(programOf(moment.command))
      else {
        const { command } = moment
        const shown = linesAfter(moments, i)
        let said: readonly string[] = []
        await until(async () => {
          said = await terminal.say(command)
          if (masked(said.join('\n')) === masked(shown.join('\n'))) return true
          await pause(1_000) // each look is a process
          return undefined
        }, LOOK_MS).catch(() => {})
        played.push(...said.map((text) => `${letter}| ${text}`))
        i += shown.length
      }
    }
    for (const [letter, terminal] of terminals)
      played.push(...(await terminal.ended()).map((text) => `${letter}| ${text}`))
    return played
  } finally {
    await Promise.all([...terminals.values()].map((terminal) => terminal.kill()))
    await directory.remove()
  }
}

/** What the page shows right below a command. */
function linesAfter(moments: readonly Moment[], at: number): string[] {
  const lines: string[] = []
  for (const moment of moments.slice(at + 1)) {
    if (moment.does !== 'read' || moment.terminal !== moments[at]?.terminal) break
    lines.push(moment.text)
  }
  return lines
}

/** `node lock.mjs A` of the page is examples/step-by-step/lock.ts here. */
function programOf(command: string): string {
  const [, name = '', words = ''] = /^node (\w+)\.mjs(.*)$/.exec(command) ?? []
  const program = join(root, 'examples/step-by-step', `${name}.ts`)
  if (!existsSync(program)) throw new Error(`the page runs a program that it does not show: ${command}`)
  return `${node} '${program}'${words}`
}

/** An environment in which `redis-cli` and `npx @holdfast/cli` talk to the server. */
async function commands(directory: string, server: RedisNode): Promise<NodeJS.ProcessEnv> {
  const { path, env } = await findRedisServer()
  const cli = ['redis-cli', 'valkey-cli']
    .map((name) => join(dirname(path), name))
    .find((each) => existsSync(each))
  if (cli === undefined) throw new Error(`There is no redis-cli beside ${path}.`)
  const write = (name: string, command: string): void => {
    const file = join(directory, name)
    writeFileSync(file, `#!/bin/sh\n${command}\n`)
    chmodSync(file, 0o755)
  }
  write('redis-cli', `exec '${cli}' -p ${server.port} "$@"`)
  write('npx', `shift\nexec ${node} '${join(root, 'packages/cli/src/main.ts')}' "$@"`)
  const PATH = [directory, process.env['PATH']].join(delimiter)
  return {
    ...process.env,
    ...env,
    PATH,
    REDIS_URL: server.url,
    HOLDFAST_PREFIX: 'steps',
    NO_COLOR: '1',
    LC_ALL: 'C',
  }
}
