const EIGHT_DIGITS = 100_000_000

/** A whole number with zeros before it. In two halves: V8 writes small integers several times faster than large ones. */
export function digits(value: number, width: number): string {
  if (value < EIGHT_DIGITS) return String(value).padStart(width, '0')
  const front = Math.floor(value / EIGHT_DIGITS)
  const back = value - front * EIGHT_DIGITS
  return digits(front, width - 8) + String(back + EIGHT_DIGITS).slice(1)
}

/** The nearest whole number of so many digits. */
export function clampedDigits(value: number, width: number): string {
  return digits(Math.floor(Math.max(0, Math.min(value, 10 ** width - 1))), width)
}

/** The `digits` long number at `from`; NaN when there is something else. */
export function numberAt(text: string, from: number, digits: number): number {
  let value = 0
  for (let i = from; i < from + digits; i += 1) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/**
 * A reply that is a whole number: as a number, as text (ioredis with `stringNumbers`), or as a bigint (a type mapping).
 * NaN for any other.
 */
export function wholeNumber(reply: unknown): number {
  const isNumber = typeof reply === 'number' || typeof reply === 'bigint'
  const value = isNumber || (typeof reply === 'string' && /^\d{1,16}$/.test(reply)) ? Number(reply) : NaN
  return Number.isSafeInteger(value) ? value : NaN
}
