import type { Definition } from './contract.ts'

/** The definitions among what a module exports, also in lists and objects, each once and in its order. */
export function findDefinitions(exported: unknown): readonly Definition[] {
  const found = new Set<Definition>()
  const search = (value: unknown, within: readonly unknown[]): void => {
    if (typeof value !== 'object' || value === null || within.includes(value)) return
    // Made by another copy of this package, perhaps.
    if (isDefinition(value)) return void found.add(value)
    if (within.length > DEPTH || !isPlain(value)) return
    for (const each of Object.values(value)) search(each, [...within, value])
  }
  search(exported, [])
  return [...found]
}

/** A module, its export, a list, and what a list has. */
const DEPTH = 3

function isDefinition(value: object): value is Definition {
  const { type, method, queue, parameters } = value as Partial<Record<string, unknown>>
  return (
    typeof type === 'object' &&
    type !== null &&
    typeof (type as { name?: unknown }).name === 'string' &&
    typeof method === 'string' &&
    typeof queue === 'string' &&
    Array.isArray(parameters)
  )
}

/** No client, server or other thing that a module may export. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === null || prototype === Object.prototype
}
