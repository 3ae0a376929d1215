import type { MonitoredCommand } from '../transcripts.ts'

/** What is sent at once: a command, or all from MULTI to EXEC, each as one line in which nothing differs by chance. */
export type Unit = readonly string[]

/** What was sent for one job, in order. */
export interface Life {
  readonly id: string
  readonly units: readonly Unit[]
  /** The same as it was sent. */
  readonly commands: readonly (readonly MonitoredCommand[])[]
}

const NOISE =
  /^(?:SELECT|CLIENT|PING|ECHO|INFO|CLUSTER|SUBSCRIBE|UNSUBSCRIBE|QUIT|HELLO|AUTH|COMMAND|MONITOR)$/
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** The commands of a transcript, those of a transaction together. */
export function unitsOf(commands: readonly MonitoredCommand[]): readonly (readonly MonitoredCommand[])[] {
  const open = new Map<string, MonitoredCommand[]>()
  const units: MonitoredCommand[][] = []
  for (const command of commands) {
    const { name, client, args } = command
    if (NOISE.test(name) || args[0]?.startsWith('__') || args[0]?.startsWith('witness:')) continue
    const transaction = name === 'MULTI' ? [] : open.get(client)
    if (name === 'MULTI') open.set(client, transaction ?? [])
    if (name === 'EXEC') open.delete(client)
    if (transaction === undefined) units.push([command])
    else transaction.push(command)
    if (name === 'EXEC') units.push(transaction ?? [])
  }
  return units
}

/** The lives of all jobs that were created meanwhile. The looks that others take at them are not part of it. */
export function livesOf(commands: readonly MonitoredCommand[], prefix: string): readonly Life[] {
  const lives = new Map<string, (readonly MonitoredCommand[])[]>()
  for (const unit of unitsOf(commands)) {
    const id = jobOf(unit, prefix)
    if (id === undefined || isLook(unit)) continue
    const isCreation = unit.some(({ name, args }) => name === 'HMSET' && args.includes('Type'))
    if (isCreation) lives.set(id, [])
    lives.get(id)?.push(unit)
  }
  return Array.from(lives, ([id, sent]) => ({
    id,
    commands: sent,
    units: sent.map((unit) => unit.map((command) => lineOf(command, prefix, id))),
  }))
}

/** The lock of the state, and what is done beside it: a scheduler that releases it and a worker that has the job already run by chance. */
export function splitByLock(units: readonly Unit[]): Readonly<Record<'lock' | 'rest', readonly Unit[]>> {
  const isLock = (unit: Unit): boolean => unit.some((line) => line.includes(':state-lock'))
  let isHeld = false
  const lock = units.filter(isLock).filter((unit) => {
    // Who waits for it asks again and again.
    const isRefused = isHeld && unit[0]?.startsWith('SET') === true
    isHeld = !unit.some((line) => line.startsWith('UNLINK'))
    return !isRefused
  })
  return { lock, rest: units.filter((unit) => !isLock(unit)) }
}

/** Without what differs from run to run. */
export function lineOf({ name, args }: MonitoredCommand, prefix: string, id: string = '<id>'): string {
  return [name, ...args.map((arg) => arg.replace(prefix, ''))]
    .join(' ')
    .replaceAll(id, '<id>')
    .replace(new RegExp(`[a-z0-9-]+:\\d+:${GUID}`, 'g'), '<server>')
    .replace(new RegExp(GUID, 'g'), '<guid>')
    .replace(/\b\d{4}-\d\d-\d\d(?:-\d\d)?\b/g, (period) => (period.length > 10 ? '<hour>' : '<day>'))
    .replace(/\b1[789]\d{11}\b/g, '<ms>')
    .replace(/\b1[789]\d{8}\b/g, '<s>')
    .replace(/("?(?:PerformanceDuration|Latency)(?:":"| ))\d+/g, '$1<n>')
    .replace(/(ExceptionDetails(?:":"| ))[^]*?(?=","ServerId| ServerId)/g, '$1<stack>')
    .replace(/(ExceptionMessage(?:":"| ))[^]*?(?=","ExceptionDetails| ExceptionDetails)/g, '$1<message>')
}

function jobOf(unit: readonly MonitoredCommand[], prefix: string): string | undefined {
  const ofKey = unit.flatMap(({ args }) => (args[0]?.startsWith(`${prefix}job:`) === true ? [args[0]] : []))
  const ofMember = unit.flatMap(({ name, args }) => (name === 'PUBLISH' ? [args[1] ?? ''] : []))
  const [, id] = new RegExp(`(${GUID})`).exec(ofKey[0] ?? ofMember[0] ?? '') ?? []
  return id
}

/** Of the watcher of fetched jobs, and of a program that reads a state. */
function isLook(unit: readonly MonitoredCommand[]): boolean {
  return unit.some(
    ({ name, args }) =>
      (name === 'HMGET' && args.includes('Checked')) || (name === 'HGET' && args.includes('ServerId')),
  )
}
