/**
 * `npm run freezes -- vitest run [--project core]`: runs a command, and stops random processes below it now and then for up to
 * a second or so, as a machine does that has much else to do. A test that fails then depends on the machine's speed.
 *
 * Linux only: it reads /proc. Whatever it stopped goes on when it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const LONGEST_MS = 1_200
const GAP_MS = 1_500
/** How many of the processes it stops at a time. */
const SHARE = 0.4

const [program, ...args] = process.argv.slice(2)
if (program === undefined) throw new Error('Which command?')
const command = spawn(program, args, { stdio: 'inherit' })
const ended = once(command, 'close').then(([code]) => (process.exitCode = (code as number | null) ?? 1))
let stops = 0
while (isRunning(command)) {
  await Promise.race([ended, delay(GAP_MS * (0.3 + Math.random()))])
  const victims = below(command.pid ?? 0).filter(() => Math.random() < SHARE)
  for (const pid of victims) signal(pid, 'SIGSTOP')
  await delay(LONGEST_MS * Math.random())
  for (const pid of victims) signal(pid, 'SIGCONT')
  stops += victims.length
}
await ended
console.log(`${stops} times a process was stopped`)

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

/** The processes that descend from this one, but for those that another program has stopped. */
function below(ancestor: number): number[] {
  const all = processes()
  const childrenOf = (parent: number): typeof all =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...childrenOf(each.pid)])
  return childrenOf(ancestor)
    .filter(({ state }) => state !== 'T')
    .map(({ pid }) => pid)
}

function processes(): { readonly pid: number; readonly parent: number; readonly state: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [{ pid: Number(name), parent: Number(parent), state }]
    } catch {
      return [] // it has ended meanwhile
    }
  })
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended meanwhile
  }
}
