/**
 * What git needs to read, and nothing else: GIT_DIR, set while a git hook runs, would lead to another repository, and
 * simple-git refuses to work under an EDITOR or PAGER, which npm sets for its scripts.
 */
const ENVIRONMENT = [
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'USERPROFILE',
  'SYSTEMROOT',
]

/** For programs that work on what is reviewed: no key, and no setting that changes what they do. */
export function smallEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ENVIRONMENT.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
