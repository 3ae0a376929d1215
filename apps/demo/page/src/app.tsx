import type { JSX } from 'preact'
import { Announcer } from './announcer.tsx'
import { Bar } from './bar/bar.tsx'
import { Cache } from './cache/cache.tsx'
import { CleanUps } from './clean-ups/clean-ups.tsx'
import { Dialogs } from './dialogs/dialogs.tsx'
import { Inspector } from './inspector/inspector.tsx'
import { Locks } from './locks/locks.tsx'
import { Log } from './log/log.tsx'
import { part } from './model/store.ts'
import { Picture } from './picture/picture.tsx'
import { Reviews } from './reviews/reviews.tsx'
import { Toolbar } from './toolbar/toolbar.tsx'
import { TourCard } from './tour/tour-card.tsx'
import { Verdict } from './verdict/verdict.tsx'

export function App({ retryNow }: { readonly retryNow: () => void }): JSX.Element {
  return (
    <>
      <Bar retryNow={retryNow} />
      <main>
        <Verdict />
        <Toolbar />
        <div class="stage">
          <Picture />
          <Beside />
        </div>
        <div class="lower">
          <Reviews />
          <div class="side">
            <Locks />
            <Cache />
            <CleanUps />
          </div>
        </div>
        <Log />
      </main>
      <Announcer />
      <Dialogs />
    </>
  )
}

/** The tour's card stands in the inspector's place. */
function Beside(): JSX.Element {
  return part('tour').value.step === null ? <Inspector /> : <TourCard />
}
