import type { JSX } from 'preact'

export function Log(): JSX.Element {
  return (
    <section class="panel" id="log" aria-labelledby="log-title">
      <header>
        <h2 id="log-title">Log</h2>
      </header>
    </section>
  )
}
