import { render } from 'preact'
import { askWhetherMayAct } from './act.ts'
import { keepAddress } from './address.ts'
import { App } from './app.tsx'
import { connect } from './connection.ts'
import { listenToKeys } from './keys.ts'
import { takeEvents, takeSnapshot } from './model/store.ts'
import { followTour } from './tour-view.ts'
import { connection } from './view.ts'

/** A page out of sight gives its connection up: a browser has six to a server, for all its tabs. */
const HIDDEN_MS = 60_000

const stream = connect({
  snapshot: takeSnapshot,
  events: takeEvents,
  state: (state) => {
    if (state.state !== connection.value.state || state.state === 'lost') connection.value = state
  },
})

let hiding: ReturnType<typeof setTimeout> | undefined
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding)
  if (document.hidden) hiding = setTimeout(stream.pause, HIDDEN_MS)
  else stream.resume()
})

const root = document.getElementById('page')
if (root === null) throw new Error('index.html has no element with the id "page".')
root.replaceChildren()
render(<App retryNow={stream.retryNow} />, root)
keepAddress()
listenToKeys()
followTour()
await askWhetherMayAct()
