/** docs/quick-start.md: every command of the page, in its order, says what the page shows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from '@holdfast/test-support/redis'
import { expect, it } from 'vitest'
import { masked, readConsolePage } from '../../src/operations/console-page.ts'
import { openShell } from '../../src/operations/redis-cli.ts'
import { Reader, type Terminal, freePorts } from '../../src/quick-start/reader.ts'

const path = join(import.meta.dirname, '../../../../docs/quick-start.md')
const text = readFileSync(path, 'utf8')

it('the quick start shows what its commands say', async () => {
  await using redis = await startRedis()
  await using reader = new Reader(redis.url)
  const ports = await freePorts(['1', '2', '3'])
  const page = readConsolePage(text)
  await using shell = await openShell(redis.port, { cwd: reader.folder, env: reader.env })
  let servers: Terminal | undefined
  const answers: string[] = []
  for (const command of page.commands) {
    const here = command.replace('300$n', `${ports}$n`).replace(':3002', `:${ports}2`)
    if (here.includes('server.mjs')) {
      servers = reader.start(here)
      await servers.says('listens', 3)
      answers.push('')
    } else {
      const [answer = ''] = await shell.run([here])
      answers.push(answer)
    }
  }
  await servers?.end()
  const at = page.commands.findIndex((command) => command.includes('server.mjs'))
  answers[at] = servers?.said().trimEnd() ?? ''

  const other = page.commands.filter((_, i) => alike(answers[i]) !== alike(page.answers[i]))
  // `vitest -u` puts the answers of this run into the page.
  await expect(
    other.length > 0 ? page.withAnswers(answers) : text,
    `other answers to:\n${other.join('')}`,
  ).toMatchFileSnapshot(path)
})

/** Which instance does the work, and who speaks first, differs from run to run; that it is one and the same does not. */
function alike(answer = ''): string {
  const [, maker, owner] =
    /(web-\d) (?:makes|places)|(?:made by |"(?:placedBy|instance)":")(web-\d)/.exec(answer) ?? []
  const doer = maker ?? owner ?? 'none'
  const [order = 'none'] = /[\da-f]{8}-[\da-f-]{27}/.exec(answer) ?? []
  return masked(answer.replaceAll(doer, 'the doer').replaceAll(order, 'the order'))
    .replace(/web-\d/g, 'another')
    .split('\n')
    .map((line) => line.trimEnd())
    .sort()
    .join('\n')
}
