const STAR = 0x2a
const ANY = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const NOT = 0x5e
const TO = 0x2d
const BACKSLASH = 0x5c

/** What one byte may be; `star`: any number of bytes, whatever they are. */
type Token = 'star' | ((byte: number) => boolean)

/**
 * Whether a whole text is as the pattern says, which is read as Redis reads it: `*`, `?`, `[a-c]`, `[^a]`, and a
 * backslash before what is meant literally. Redis compares bytes of UTF-8, and so does this: `?` is one byte, and `é` has
 * two. It takes at most as many steps as the text has bytes times those of the pattern.
 *
 * What C leaves open, each server decides for itself: which bytes a range between an ASCII character and another one has.
 */
export function globToPattern(glob: string): (text: string) => boolean {
  const tokens = tokensOf(Buffer.from(glob))
  return (text) => matches(tokens, Buffer.from(text))
}

/** Only the last star that was met can have to take more: what comes before it has been matched as early as it can be. */
function matches(tokens: readonly Token[], text: Uint8Array): boolean {
  let at = 0
  let next = 0
  let afterStar = -1
  let starEnds = 0
  while (at < text.length) {
    const token = tokens[next]
    if (token === 'star') {
      next += 1
      afterStar = next
      starEnds = at
    } else if (token?.(text[at] as number)) {
      next += 1
      at += 1
    } else {
      if (afterStar === -1) return false
      next = afterStar
      starEnds += 1
      at = starEnds
    }
  }
  while (tokens[next] === 'star') next += 1
  return next === tokens.length
}

function tokensOf(glob: Uint8Array): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < glob.length) {
    const byte = glob[at] as number
    if (byte === STAR) {
      tokens.push('star')
      at += 1
    } else if (byte === ANY) {
      tokens.push(() => true)
      at += 1
    } else if (byte === OPEN) {
      const { token, end } = classAt(glob, at + 1)
      tokens.push(token)
      at = end
    } else {
      // A backslash that ends the pattern stands for itself.
      if (byte === BACKSLASH && at + 1 < glob.length) at += 1
      const literal = glob[at]
      tokens.push((other) => other === literal)
      at += 1
    }
  }
  return tokens
}

/**
 * What stands between brackets. It need not be closed; a `]` closes it also as the first character, but not as the end of a
 * range; and a range may be given backwards.
 */
function classAt(glob: Uint8Array, from: number): { readonly token: Token; readonly end: number } {
  const isNot = glob[from] === NOT
  const bytes = new Set<number>()
  let at = isNot ? from + 1 : from
  for (; at < glob.length && glob[at] !== CLOSE; at += 1) {
    const first = glob[at] as number
    if (first === BACKSLASH && at + 1 < glob.length) {
      at += 1
      bytes.add(glob[at] as number)
    } else if (glob[at + 1] === TO && at + 2 < glob.length) {
      const last = glob[at + 2] as number
      for (let byte = Math.min(first, last); byte <= Math.max(first, last); byte += 1) bytes.add(byte)
      at += 2
    } else bytes.add(first)
  }
  return { token: (byte) => bytes.has(byte) !== isNot, end: at + 1 }
}
