import type { Command } from './simulated-server.ts'

/** For the time line: what was asked. */
export function described({
  facet,
  op,
  args: [key, request],
}: Pick<Command, 'facet' | 'op' | 'args'>): string {
  if (facet === 'time') return op
  const id = typeof key === 'object' && key !== null && 'id' in key ? String(key.id) : String(key)
  const whose = facet === 'leases' ? tokenOf(request) : ''
  return `${op} ${id}${whose}`
}

/** For the time line: what was answered. */
export function outcome(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null) return String(reply)
  const shown = Object.entries(reply).filter(([name]) => name !== 'now')
  return shown.map(([name, value]) => `${name} ${short(value)}`).join(' ')
}

/** The part that distinguishes the tokens of a process. */
function tokenOf(request: unknown): string {
  const isNamed = typeof request === 'object' && request !== null && 'token' in request
  return isNamed ? ` ${String(request.token).replace(/^.*\./, '.')}` : ''
}

function short(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if ('rev' in value) return `rev ${String(value.rev)}`
  if (Array.isArray(value)) return `[${value.length}]`
  return '{…}'
}
