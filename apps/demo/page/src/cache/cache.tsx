import type { JSX } from 'preact'

export function Cache(): JSX.Element {
  return (
    <section class="panel" id="cache" aria-labelledby="cache-title">
      <header>
        <h2 id="cache-title">Cache</h2>
      </header>
    </section>
  )
}
