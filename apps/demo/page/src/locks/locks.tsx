import type { JSX } from 'preact'

export function Locks(): JSX.Element {
  return (
    <section class="panel" id="locks" aria-labelledby="locks-title">
      <header>
        <h2 id="locks-title">Locks</h2>
      </header>
    </section>
  )
}
