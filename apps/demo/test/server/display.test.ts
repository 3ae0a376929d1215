import { it } from 'vitest'
import { hasDisplay } from '../../src/server/display.ts'

it.for([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { DISPLAY: '' }, false],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { WSL_DISTRO_NAME: 'Debian' }, true],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }, false],
  ['win32', {}, true],
  ['win32', { CI: 'true' }, false],
] as const)('a browser on %s with %j is seen: %s', ([platform, environment, isSeen], { expect }) => {
  expect(hasDisplay(platform, environment)).toBe(isSeen)
})
