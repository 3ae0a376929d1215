/** The slot of a cluster that a key lies in: CRC16 (XMODEM) of its hash tag, or of the whole key without one. */
export function keySlot(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  return slotOf(Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key))
}

function slotOf(hashed: ArrayLike<number>): number {
  let crc = 0
  for (let i = 0; i < hashed.length; i += 1)
    crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ (hashed[i] as number)) & 0xff] ?? 0)
  return crc & 0x3fff
}

const table = Uint16Array.from({ length: 256 }, (_, i) => {
  let crc = i << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/**
 * A key that begins with `key` and `more`, and lies in the slot of `key`, whatever braces that has: if the two have no hash
 * tag in common, three more letters see to it. `more` has no braces.
 */
export function besideKey(key: string, more: string): string {
  const slot = keySlot(key)
  const name = key + more
  // The slot of a text is that of the text with zeros for its end, XOR that of its end alone.
  return keySlot(name) === slot ? name : name + lettersOf(slot ^ slotOf(Buffer.from(`${name}\0\0\0`)))
}

/**
 * A key that begins with `prefix`, ends with `more`, and lies in that slot; undefined where a hash tag in the prefix puts all
 * keys into another one. `more` has no braces.
 */
export function keyInSlot(slot: number, prefix: string, more: string): string | undefined {
  const open = prefix.indexOf('{')
  const close = open === -1 ? -1 : prefix.indexOf('}', open + 1)
  if (close > open + 1) return keySlot(prefix) === slot ? prefix + more : undefined
  if (close === -1) {
    const tag = open === -1 ? '' : prefix.slice(open + 1)
    const inTag = lettersOf(slot ^ slotOf(Buffer.from(`${tag}\0\0\0`)))
    return `${prefix}${open === -1 ? '{' : ''}${inTag}}${more}`
  }
  const name = prefix + more // `{}` is no hash tag: all of it counts
  return name + lettersOf(slot ^ slotOf(Buffer.from(`${name}\0\0\0`)))
}

let letters: string[] | undefined

/** Three letters of that slot. */
function lettersOf(slot: number): string {
  if (letters === undefined) {
    letters = []
    for (let i = 0; i < 64 * 32 * 32; i += 1) {
      const codes = [0x30 + (i >> 10), 0x40 + ((i >> 5) & 31), 0x40 + (i & 31)]
      letters[slotOf(codes)] ??= String.fromCharCode(...codes)
    }
  }
  return letters[slot] ?? ''
}
