const UUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/giu
/** Letters and digits in a row, with a digit among them. */
const WORD_WITH_DIGIT = /[\p{L}\p{M}]*\p{N}[\p{L}\p{M}\p{N}]*/gu
/** Several `*` with nothing but separators between them. */
const STARS = /\*(?:[^\p{L}\p{M}\p{N}]*\*)+/gu

/**
 * The pattern of a lock's name, for a label. What follows the first `:` or `/` becomes `*`; before it, so does each UUID and
 * each word (letters and digits in a row) with a digit in it, and neighbours become one `*`. Other words stay as they are.
 * `stock:42` is `stock:*`; `shard-7` is `shard-*`; `import-2026-11-29` is `import-*`; `import` is itself, and so is
 * `ada.lovelace`.
 */
export function lockPatternOf(name: string): string {
  const end = name.search(/[:/]/)
  const kind = end < 0 ? name : name.slice(0, end)
  const pattern = kind.replace(UUID, '*').replace(WORD_WITH_DIGIT, '*').replace(STARS, '*')
  return end < 0 ? pattern : `${pattern}${name[end]}*`
}
