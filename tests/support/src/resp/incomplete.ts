/** Thrown inside a parser when the buffer ends before the message does. Never leaves this directory. */
export const INCOMPLETE: unique symbol = Symbol('incomplete')

/** The offset just behind the next CRLF. */
export function lineEnd(buffer: Buffer, from: number): number {
  const at = buffer.indexOf('\r\n', from)
  if (at === -1) throw INCOMPLETE
  return at + 2
}

/** Runs one parse step; `undefined` when more bytes are needed. */
export function ifComplete<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (reason) {
    if (reason === INCOMPLETE) return undefined
    throw reason
  }
}
