import type { JSX } from 'preact'

export function Reviews(): JSX.Element {
  return (
    <section class="panel" id="reviews" aria-labelledby="reviews-title">
      <header>
        <h2 id="reviews-title">Reviews</h2>
      </header>
    </section>
  )
}
