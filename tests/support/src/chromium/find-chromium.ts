import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isKept, keptDirectory } from '../debian/kept-directory.ts'
import { libraryPath, unpackPackage } from '../debian/unpack-package.ts'

/** A browser, and the environment that it needs. */
export interface Chromium {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

/** This machine cannot have a Chromium. The message says why. */
export class ChromiumNotFoundError extends Error {
  readonly code = 'HOLDFAST_TESTBED_CHROMIUM_NOT_FOUND'
  override readonly name = 'ChromiumNotFoundError'
}

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chromium-headless-shell',
]

/** Without windows, and the libraries for them. */
const PACKAGE = 'chromium-headless-shell'
const KEPT = `${PACKAGE}-${process.platform}-${process.arch}`

/** `findChromium` has nothing to download. */
export function isChromiumHere(): boolean {
  return onPath() !== undefined || isKept(KEPT)
}

/**
 * Chromium or Chrome on PATH, else unpacked from Debian's packages (60 MB); nothing is installed.
 *
 * @throws ChromiumNotFoundError
 */
export async function findChromium(): Promise<Chromium> {
  const path = onPath()
  if (path !== undefined) return { path, env: {} }
  try {
    // Without the script in usr/bin, which starts what is installed.
    const program = (root: string): string => join(root, 'usr/lib/chromium', PACKAGE)
    const root = await keptDirectory(KEPT, (work) => unpackPackage(work, PACKAGE, { program }))
    return { path: program(root), env: { ...libraryPath(root), ...fontsIn(root) } }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ChromiumNotFoundError(
      `There is no Chromium or Chrome on PATH, and Debian's could not be had: ${reason.trim()}`,
      { cause },
    )
  }
}

/** Where the machine has no fonts, those that were unpacked with the browser. */
function fontsIn(root: string): Readonly<Record<string, string>> {
  const isUsable = existsSync('/etc/fonts/fonts.conf') || !existsSync(join(root, 'etc/fonts/fonts.conf'))
  return isUsable ? {} : { FONTCONFIG_SYSROOT: root }
}

function onPath(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter((place) => place !== '')
  return NAMES.flatMap((name) => places.map((place) => join(place, name))).find((path) => existsSync(path))
}
