/** Whether there is a display here, on which a person sees a browser. */
export function hasDisplay(
  platform: NodeJS.Platform = process.platform,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== ''
  if (isSet('CI')) return false
  if (platform === 'win32') return true
  if (platform === 'darwin') return !isSet('SSH_CONNECTION')
  // The Linux of Windows opens the browser of Windows.
  return isSet('DISPLAY') || isSet('WAYLAND_DISPLAY') || isSet('WSL_DISTRO_NAME')
}
