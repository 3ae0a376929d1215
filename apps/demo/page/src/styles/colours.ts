const TOKENS = [
  'bg',
  'surface',
  'sunk',
  'raise',
  'ink',
  'ink-2',
  'line',
  'line-2',
  'run',
  'run-soft',
  'on-run',
  'done',
  'done-soft',
  'done-edge',
  'on-done',
  'stop',
  'stop-soft',
  'on-stop',
  'take',
  'take-soft',
  'take-line',
  'cold',
  'cold-soft',
  'hold',
  'hold-soft',
  'quiet',
  'quiet-soft',
] as const

/** A colour of tokens.css, without its dashes. */
export type Token = (typeof TOKENS)[number]

export type Colours = Readonly<Record<Token, string>>

/**
 * The colours as a canvas takes them. A custom property holds the pair of light and dark; only a real property of an element
 * gives the one that counts now, which in forced colours is the reader's own.
 */
export function readColours(): Colours {
  const probe = document.createElement('i')
  probe.hidden = true
  document.body.append(probe)
  const colour = (token: Token): string => {
    probe.style.color = `var(--${token})`
    return getComputedStyle(probe).color
  }
  const colours = Object.fromEntries(TOKENS.map((token) => [token, colour(token)])) as Record<Token, string>
  probe.remove()
  return colours
}

/** Calls the listener when the button, the system or forced colours change them; returns what ends that. */
export function onColoursChange(listener: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
    matchMedia(query),
  )
  const button = new MutationObserver(listener)
  button.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  for (const query of queries) query.addEventListener('change', listener)
  return () => {
    button.disconnect()
    for (const query of queries) query.removeEventListener('change', listener)
  }
}
