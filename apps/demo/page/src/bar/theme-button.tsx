import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { theme } from '../view.ts'

const KEPT_AS = 'aireview-theme'

/** Light or dark: as the system says, until it is pressed. */
export function ThemeButton(): JSX.Element {
  useEffect(() => {
    const kept = localStorage.getItem(KEPT_AS)
    if (kept === 'light' || kept === 'dark') theme.value = kept
  }, [])
  const chosen = theme.value
  useEffect(() => {
    if (chosen === 'system') return
    document.documentElement.dataset['theme'] = chosen
    localStorage.setItem(KEPT_AS, chosen)
  }, [chosen])
  const isDark = chosen === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark'
  return (
    <button
      type="button"
      class="icon"
      aria-label={isDark ? 'Light colours' : 'Dark colours'}
      title={isDark ? 'Light colours' : 'Dark colours'}
      onClick={() => (theme.value = isDark ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4Z" fill="currentColor" />
      </svg>
    </button>
  )
}
