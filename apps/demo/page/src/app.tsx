import type { JSX } from 'preact'
import { Cache } from './cache/cache.tsx'
import { Dialogs } from './dialogs/dialogs.tsx'
import { Locks } from './locks/locks.tsx'
import { Log } from './log/log.tsx'
import { Picture } from './picture/picture.tsx'
import { Reviews } from './reviews/reviews.tsx'
import { TourCard } from './tour/tour-card.tsx'

export function App(): JSX.Element {
  return (
    <>
      <main>
        <div class="stage">
          <Picture />
          <TourCard />
        </div>
        <div class="lower">
          <Reviews />
          <div class="side">
            <Locks />
            <Cache />
          </div>
        </div>
        <Log />
      </main>
      <Dialogs />
    </>
  )
}
