/** How long a text may be that every write of an execution carries along and that people read. */
export const MAX_NOTE_BYTES = 1_024

/** Cuts to so many bytes of UTF-8, and never through the middle of a character. */
export function clip(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  // A byte that continues a character begins with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.toString('utf8', 0, end)}…`
}
