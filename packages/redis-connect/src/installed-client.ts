import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as IORedis from 'ioredis'
import type * as NodeRedis from 'redis'
import { ConnectError } from './connect-error.ts'

/** The client libraries, in the order in which they are looked for. */
export const CLIENTS = ['ioredis', 'redis'] as const
/** A client library of Redis. */
export type ClientName = (typeof CLIENTS)[number]

interface Modules {
  readonly ioredis: typeof IORedis
  readonly redis: typeof NodeRedis
}

export type InstalledClient = {
  readonly [Name in ClientName]: { readonly name: Name; readonly module: Modules[Name] }
}[ClientName]

/**
 * The first library that is installed: beside this package, or in the project of the current directory, for `npx` puts
 * programs elsewhere.
 *
 * @throws ConnectError when none is
 */
export async function installedClient(wanted?: ClientName): Promise<InstalledClient> {
  const names = wanted === undefined ? CLIENTS : [wanted]
  for (const name of names) {
    const module = (await besideUs(name)) ?? (await inProject(name))
    if (module !== undefined) return { name, module } as InstalledClient
  }
  const commands = names.map((name) => `npm install ${name}`)
  throw new ConnectError('noClient', `No Redis client is installed here. Run: ${commands.join(', or ')}`)
}

async function besideUs(name: ClientName): Promise<unknown> {
  try {
    return name === 'ioredis' ? await import('ioredis') : await import('redis')
  } catch (error) {
    if (isMissing(error, name)) return undefined
    throw error
  }
}

async function inProject(name: ClientName): Promise<unknown> {
  let path: string
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name)
  } catch (error) {
    if (isMissing(error, name)) return undefined
    throw error
  }
  return (await import(pathToFileURL(path).href)) as unknown
}

/** Not installed, rather than broken. */
function isMissing(error: unknown, name: ClientName): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return (
    (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`Cannot find package '${name}'`)) ||
    (code === 'MODULE_NOT_FOUND' && message.includes(`Cannot find module '${name}'`))
  )
}
