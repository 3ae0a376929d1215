/**
 * `npm run setup`: installs what pnpm-lock.yaml says. It runs on whatever Node is there, before anything is installed, and
 * says what it does when there is something to wait for.
 */
import { spawnSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const node = join(root, 'node_modules/.bin/node')
const start = Date.now()
const seconds = () => Math.round((Date.now() - start) / 1000)
const say = (line) => process.stderr.write(`${line}\n`)

const first = !existsSync(node)
if (first)
  say(
    'Installing Node 24, pnpm and all packages into node_modules. The first time this takes about a minute.',
  )
const progress = setInterval(() => say(`Still installing, after ${seconds()} seconds.`), 15_000)

// The lockfile is trusted: it was verified when it was written.
const install = 'pnpm@12.21.0 install --frozen-lockfile --trust-lockfile --loglevel=error'
const child = spawn('npx', ['--yes', ...install.split(' ')], { cwd: root, stdio: 'inherit' })
child.once('close', (code) => {
  clearInterval(progress)
  if (code !== 0) {
    say(`pnpm install failed. What it said stands above; \`npx ${install}\` repeats it.`)
    process.exit(code ?? 1)
  }
  if (first) say(`Installed in ${seconds()} seconds.`)
  spawnSync(node, [join(root, 'scripts/servers.ts')], { stdio: 'inherit' })
})
