import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What allows a visitor to change something. */
export interface Token {
  readonly text: string
  readonly matches: (other: string | undefined) => boolean
}

export function createToken(text = randomBytes(18).toString('base64url')): Token {
  const own = digest(text)
  return {
    text,
    // Digests have one length, and the time that it takes says nothing about what they are made of.
    matches: (other) => other !== undefined && timingSafeEqual(own, digest(other)),
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
