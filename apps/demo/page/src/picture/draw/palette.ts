import { type Colours, readColours } from '../../styles/colours.ts'

/** What is drawn with: read once for each theme. */
export interface Palette {
  readonly colours: Colours
  readonly hatch: CanvasPattern | string
  readonly outage: CanvasPattern | string
  readonly dots: CanvasPattern | string
  readonly fonts: {
    readonly label: string
    readonly pill: string
    readonly rank: string
    readonly axis: string
  }
}

export function readPalette(context: CanvasRenderingContext2D, ratio: number): Palette {
  const colours = readColours()
  const family = getComputedStyle(document.body).fontFamily
  return {
    colours,
    hatch: pattern(context, ratio, 6, (tile) => {
      tile.strokeStyle = colours.quiet
      tile.globalAlpha = 0.55
      diagonals(tile, 6)
    }),
    outage: pattern(context, ratio, 9, (tile) => {
      tile.strokeStyle = colours.stop
      tile.globalAlpha = 0.28
      diagonals(tile, 9)
    }),
    dots: pattern(context, ratio, 5, (tile) => {
      tile.fillStyle = colours.cold
      tile.globalAlpha = 0.75
      tile.beginPath()
      tile.arc(2.5, 2.5, 0.9, 0, 7)
      tile.fill()
    }),
    fonts: {
      label: `550 11px ${family}`,
      pill: `600 11px ${family}`,
      rank: `650 11.5px ${family}`,
      axis: `450 11px ${family}`,
    },
  }
}

function diagonals(tile: CanvasRenderingContext2D, size: number): void {
  tile.lineWidth = 1.2
  tile.beginPath()
  for (const shift of [-size, 0, size]) {
    tile.moveTo(shift, size)
    tile.lineTo(shift + size, 0)
  }
  tile.stroke()
}

function pattern(
  context: CanvasRenderingContext2D,
  ratio: number,
  size: number,
  paint: (tile: CanvasRenderingContext2D) => void,
): CanvasPattern | string {
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(size * ratio)
  canvas.height = canvas.width
  const tile = canvas.getContext('2d')
  if (tile === null) return 'transparent'
  tile.scale(canvas.width / size, canvas.width / size)
  paint(tile)
  const made = context.createPattern(canvas, 'repeat')
  made?.setTransform(new DOMMatrix().scale(size / canvas.width))
  return made ?? 'transparent'
}
