import { globSync } from 'node:fs'
import { join } from 'node:path'

/** A Lua script for Redis, as far as its text can be judged. */
export interface LuaScript {
  readonly name: string
  readonly source: string
  /** How many keys it is called with; Infinity: with some for each of any number of items. */
  readonly keys: number
  readonly args: number
  readonly sha1: string
  readonly once?: string
}

/** The scripts that the modules in a folder export, each once. The folders `testing` and `cli`, whose modules do something, have none. */
export async function scriptsIn(folder: string): Promise<readonly LuaScript[]> {
  const scripts = new Map<string, LuaScript>()
  for (const file of globSync('**/*.ts', { cwd: folder, exclude: ['testing', 'cli'] })) {
    const module = (await import(join(folder, file))) as Record<string, unknown>
    for (const exported of Object.values(module)) {
      if (typeof exported !== 'object' || exported === null || !('sha1' in exported)) continue
      const script = exported as LuaScript
      scripts.set(`${script.name} ${script.sha1}`, script)
    }
  }
  return [...scripts.values()]
}
