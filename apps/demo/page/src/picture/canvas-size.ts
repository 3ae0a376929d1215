/** More than two pixels for one cost time that no eye sees. */
export function pixelRatio(): number {
  return Math.min(devicePixelRatio, 2)
}

/** A canvas that is given its size, even the same, is cleared. */
export function fit(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width === w && canvas.height === h) return
  canvas.width = w
  canvas.height = h
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
}
