import type { JSX } from 'preact'
import { hasLetterKeys } from '../view.ts'
import { Sheet } from './sheet.tsx'

type Keys = readonly (readonly [keys: string, does: string])[]

const GROUPS: readonly (readonly [string, Keys])[] = [
  [
    'In the picture',
    [
      ['← →', 'previous, next item in the row'],
      ['↑ ↓', 'row above, row below'],
      ['[ ]', 'previous, next attempt of the same job'],
      ['Enter', 'what it is; Esc: back'],
      ['a d', 'earlier, later'],
      ['w s', 'closer, farther'],
      ['f', 'zoom to what is selected, and back'],
      ['0', 'back to now'],
      ['space', 'pause, go on'],
      ['k', 'kill the instance of the row'],
      ['z', 'freeze it, thaw it'],
      ['c', 'cut its network, restore it'],
    ],
  ],
  [
    'Everywhere',
    [
      ['j', 'fire one job × 15'],
      ['t', 'start the tour; Esc ends it'],
      ['n b r', 'in the tour: next, back, again'],
      ['n p', 'in a diff: next, previous finding'],
      ['/', 'filter the log'],
      ['g i', 'go to Instances'],
      ['g r', 'go to Reviews'],
      ['g l', 'go to Locks'],
      ['g c', 'go to Cache'],
      ['g o', 'go to the log'],
      ['?', 'these keys'],
    ],
  ],
]

export function KeysDialog(): JSX.Element {
  return (
    <Sheet title="Keys">
      <div class="keys-list">
        {GROUPS.map(([title, keys]) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    {key.split(' ').map((each) => (
                      <kbd key={each}>{each}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="switch">
        <input
          type="checkbox"
          checked={hasLetterKeys.value}
          onChange={({ currentTarget }) => {
            hasLetterKeys.value = currentTarget.checked
          }}
        />
        Keys of one letter are on
      </label>
    </Sheet>
  )
}
