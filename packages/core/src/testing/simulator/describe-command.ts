import type { Command } from './simulated-server.ts'

/** For the time line: what was asked. */
export function described({ facet, op, args: [key] }: Command): string {
  if (facet === 'time') return op
  const id = typeof key === 'object' && key !== null && 'id' in key ? String(key.id) : String(key)
  return `${op} ${id}`
}

/** For the time line: what was answered. */
export function outcome(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null) return String(reply)
  const shown = Object.entries(reply).filter(([name]) => name !== 'now')
  return shown.map(([name, value]) => `${name} ${short(value)}`).join(' ')
}

function short(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if ('rev' in value) return `rev ${String(value.rev)}`
  if (Array.isArray(value)) return `[${value.length}]`
  return '{…}'
}
