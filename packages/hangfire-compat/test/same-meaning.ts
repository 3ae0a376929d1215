import { parseIso } from '../src/wire/dates.ts'

/**
 * Stored text with what has the same meaning spelt the same: dates to the millisecond, JSON in texts unfolded, members by name.
 * The order of lists stays.
 */
export function meaning(value: unknown): unknown {
  if (typeof value === 'string') {
    const ms = parseIso(value)
    if (ms !== undefined) return { ms }
    if (/^[[{"]/.test(value)) return meaningOfJson(value)
    return value
  }
  if (Array.isArray(value)) return value.map(meaning)
  if (typeof value !== 'object' || value === null) return value
  // .NET chooses the type by the parameter: `$type` is not written.
  const members = Object.entries(value).filter(([name]) => name !== '$type')
  return Object.fromEntries(members.map(([name, member]) => [name, meaning(member)]))
}

function meaningOfJson(text: string): unknown {
  try {
    return { json: meaning(JSON.parse(text)) }
  } catch {
    return text
  }
}
