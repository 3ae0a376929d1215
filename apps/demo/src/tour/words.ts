const NUMBERS = [
  'none',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
]

/** `twelve`, `16`. */
export function inWords(count: number): string {
  return NUMBERS[count] ?? String(count)
}

/** `Twelve were turned away.`; nothing when there are none. */
export function sentence(count: number, one: string, many: string): string {
  if (count === 0) return ''
  const words = inWords(count)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} ${count === 1 ? one : many}.`
}

/** `once`, `twice`, `3 times`. */
export function timesInWords(count: number): string {
  return count === 0 ? 'never' : (['once', 'twice'][count - 1] ?? `${count} times`)
}

/** `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}

/** `4.9 seconds`, `5 seconds`. */
export function seconds(ms: number): string {
  const rounded = Math.round(ms / 100) / 10
  return `${rounded} ${rounded === 1 ? 'second' : 'seconds'}`
}

/** No shorter than it was: `within 2.1 seconds`. */
export function secondsAtMost(ms: number): string {
  return seconds(Math.ceil(ms / 100) * 100)
}
