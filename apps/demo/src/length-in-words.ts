/** `4 min 20 s`, `12 s`, `1 s`: rounded up, since it is how long something still lasts. */
export function lengthInWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  return [minutes > 0 ? `${minutes} min` : '', seconds % 60 > 0 ? `${seconds % 60} s` : '']
    .filter(Boolean)
    .join(' ')
}
