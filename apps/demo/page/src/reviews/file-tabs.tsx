import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ReviewView } from '../../../src/events/snapshot.ts'
import { plural } from '../format.ts'
import { hasLetterKeys } from '../view.ts'
import { Diff, findingId } from './diff.tsx'
import type { FileView } from './diff-rows.ts'
import { SeveritySign } from './severity-sign.tsx'
import { type FindingPlace, findingPlaces, stepFinding, worstFile } from './step-findings.ts'
import { severitiesOf } from './words.ts'

/** One file at a time. `n` and `p` go from finding to finding, from file to file. */
export function FileTabs({ view }: { readonly view: ReviewView }): JSX.Element {
  const places = findingPlaces(view)
  const [shown, setShown] = useState(worstFile(view))
  const [current, setCurrent] = useState<FindingPlace | null>(null)
  const panel = useRef<HTMLDivElement>(null)
  const file = view.files[shown] ?? view.files[0]

  // The card is there once its file is shown.
  useLayoutEffect(() => {
    if (current !== null) panel.current?.querySelector<HTMLElement>(`#${findingId(current.number)}`)?.focus()
  }, [current])

  const step = (by: 1 | -1): void => {
    const next = stepFinding(places, current, shown, by)
    if (next === null) return
    setShown(next.file)
    setCurrent({ ...next })
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !hasLetterKeys.value) return
    if (event.key !== 'n' && event.key !== 'p') return
    // In a tour `n` is its next step; here it is the next finding.
    event.stopPropagation()
    event.preventDefault()
    step(event.key === 'n' ? 1 : -1)
  }

  const at = places.findIndex(({ file: of, number }) => of === current?.file && number === current.number)
  return (
    <div onKeyDown={onKeyDown}>
      <Tabs files={view.files} shown={shown} onShow={setShown} />
      {places.length > 0 && (
        <div class="findings-bar">
          <span role="status">
            {at === -1 ? plural(places.length, 'finding') : `Finding ${at + 1} of ${places.length}`}
          </span>
          <button type="button" class="act little" onClick={() => step(-1)}>
            Previous finding <kbd>p</kbd>
          </button>
          <button type="button" class="act little" onClick={() => step(1)}>
            Next finding <kbd>n</kbd>
          </button>
        </div>
      )}
      <div ref={panel} id="diff" role="tabpanel" aria-labelledby={tabId(shown)}>
        {file !== undefined && <Diff key={file.path} file={file} />}
      </div>
    </div>
  )
}

interface TabsProps {
  readonly files: readonly FileView[]
  readonly shown: number
  readonly onShow: (file: number) => void
}

/** One stop for the tab key; the arrows go from file to file. */
function Tabs({ files, shown, onShow }: TabsProps): JSX.Element {
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowRight: shown + 1, ArrowLeft: shown - 1, Home: 0, End: files.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const next = (to + files.length) % files.length
    onShow(next)
    document.getElementById(tabId(next))?.focus()
  }
  return (
    <div class="files" role="tablist" aria-label="Files" onKeyDown={onKeyDown}>
      {files.map((file, index) => (
        <button
          key={file.path}
          type="button"
          id={tabId(index)}
          role="tab"
          aria-selected={index === shown}
          aria-controls="diff"
          tabIndex={index === shown ? 0 : -1}
          onClick={() => onShow(index)}
        >
          {file.path}
          {severitiesOf(file).map(({ severity, count, words }) => (
            <span key={severity} class={`severity ${severity}`}>
              <SeveritySign severity={severity} />
              <span aria-hidden="true">{count}</span>
              <span class="heard">{words}</span>
            </span>
          ))}
        </button>
      ))}
    </div>
  )
}

function tabId(file: number): string {
  return `file-tab-${file}`
}
