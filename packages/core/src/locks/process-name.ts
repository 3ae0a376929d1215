import { processOf } from '../storage/leases.ts'
import type { Runtime } from '../support/runtime.ts'

/** Tokens carry the name with every command: of a longer one they carry the end. */
const MOST_BYTES = 80

/**
 * What a process calls itself in the storage: its instance, readable for people, and what makes it unique for the
 * protocol. A token allows few characters; any other is written as `~` and two hexadecimal digits for each of its bytes.
 */
export function processName(runtime: Runtime, instance: string): string {
  let label = ''
  for (const character of Array.from(instance).reverse()) {
    const next = (/[\w-]/.test(character) ? character : escaped(character)) + label
    if (next.length > MOST_BYTES) break
    label = next
  }
  return `${label}~${runtime.randomId().slice(0, 8)}`
}

/** The instance that a process belongs to. */
export function instanceOf(process: string): string {
  const label = process.slice(0, process.lastIndexOf('~'))
  if (!label.includes('~')) return label
  const bytes = label.replace(/[\w-]|~([\da-f]{2})/g, (character, byte?: string) =>
    byte === undefined ? character.charCodeAt(0).toString(16) : byte,
  )
  return Buffer.from(bytes, 'hex').toString()
}

/** The instance that a token is of. One that another program put there is its own name. */
export function ownerOf(token: string): string {
  const process = processOf(token)
  return token.includes('.') && process.includes('~') ? instanceOf(process) : token
}

function escaped(character: string): string {
  return Buffer.from(character).toString('hex').replace(/../g, '~$&')
}
