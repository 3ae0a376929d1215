import semver from 'semver'
import { type Dependency, isManifest, readManifest } from '../manifests.ts'
import { type Analyser, type Marked, oneByOne } from './analyser.ts'

/** What a change of a manifest means for those who install it. */
export const dependencies: Analyser = {
  name: 'dependencies',
  version: '1',
  compares: true,
  reads: isManifest,
  analyse: oneByOne(({ name, text, before }) => {
    const now = readManifest(name, text)
    const earlier = readManifest(name, before ?? '')
    const isFirst = before === undefined
    return [
      ...[...now.dependencies].flatMap(([title, dependency]) => {
        const was = earlier.dependencies.get(title)
        if (was?.wanted === dependency.wanted) return []
        const found = judge(title, dependency, was, isFirst)
        return found === undefined ? [] : [{ line: dependency.line, ...found }]
      }),
      ...[...now.installScripts].flatMap(([script, { command, line }]) =>
        earlier.installScripts.get(script)?.command === command ? [] : [{ line, ...runsAtInstall(script) }],
      ),
    ]
  }),
}

type Judgement = Omit<Marked, 'line'>

/** The gravest thing that there is to say of one dependency. */
function judge(
  title: string,
  { wanted, isPeer }: Dependency,
  was: Dependency | undefined,
  isFirst: boolean,
): Judgement | undefined {
  if (/^(?:workspace|catalog|link|file|portal):/.test(wanted)) return undefined
  if (/^(?:git\+|git:|https?:|github:|gitlab:)|^[\w.-]+\/[\w.-]+(?:#|$)/.test(wanted))
    return notFromRegistry(title)
  if (!isPeer && isUnbounded(wanted)) return unbounded(title, wanted)
  if (was === undefined) return isFirst ? undefined : added(title)
  const from = lowest(was.wanted)
  const to = lowest(wanted)
  if (from === null || to === null) return undefined
  if (semver.lt(to, from)) return downgrade(title, was.wanted, wanted)
  return semver.major(to) > semver.major(from) ? majorUpgrade(title, was.wanted, wanted) : undefined
}

/** Any version to come fits. */
function isUnbounded(wanted: string): boolean {
  return /^(?:|\*|x|latest|next)$/.test(wanted) || semver.satisfies('99999.0.0', wanted)
}

function lowest(wanted: string): semver.SemVer | null {
  return semver.validRange(wanted) === null ? semver.coerce(wanted) : semver.minVersion(wanted)
}

function notFromRegistry(title: string): Judgement {
  return {
    severity: 'warning',
    category: 'security',
    rule: 'dependencies/not-from-a-registry',
    message: `${title} comes from an address whose content can change, and that no registry keeps.`,
    suggestion: 'Take a published version, or name a commit.',
  }
}

function unbounded(title: string, wanted: string): Judgement {
  return {
    severity: 'warning',
    category: 'quality',
    rule: 'dependencies/unbounded',
    message: `${title} may become any later version, also one that breaks this (${wanted === '' ? 'no version' : wanted}).`,
    suggestion: 'Name the version that was tested, or a range within its major version.',
  }
}

function added(title: string): Judgement {
  return {
    severity: 'info',
    category: 'quality',
    rule: 'dependencies/added',
    message: `${title} is a new dependency.`,
    suggestion: 'Look at who keeps it, its licence and its size, and whether something here does it already.',
  }
}

function downgrade(title: string, from: string, to: string): Judgement {
  return {
    severity: 'warning',
    category: 'bug',
    rule: 'dependencies/downgrade',
    message: `${title} goes back from ${from} to ${to}: what was mended between is broken again.`,
    suggestion: 'Say in the commit why, and until when.',
  }
}

function majorUpgrade(title: string, from: string, to: string): Judgement {
  return {
    severity: 'info',
    category: 'quality',
    rule: 'dependencies/major-upgrade',
    message: `${title} goes from ${from} to ${to}, a new major version: it may have taken things away.`,
    suggestion: 'Read its changelog for what was removed.',
  }
}

function runsAtInstall(script: string): Judgement {
  return {
    severity: 'warning',
    category: 'security',
    rule: 'dependencies/runs-at-install',
    message: `${script} runs on every machine that installs this, before a person has looked at it.`,
    suggestion: 'Do it in the build, or in a script that people start.',
  }
}
