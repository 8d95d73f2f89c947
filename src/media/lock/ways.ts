/**
 * How a program can be locked in, best first: by our launcher, and where it cannot be used by what the system brings.
 * Which one works is proved, not assumed (prove.ts).
 */
export const ways = [
  'launcher with a user of its own',
  'launcher',
  'setpriv and unshare',
  'setpriv',
  'bwrap',
  'launcher without landlock',
  'unshare',
  'limits only'
] as const

export type Way = (typeof ways)[number]

/** What a way is made of, as it is reported; a layer that it lacks is null. */
export function layersOf(way: Way, landlock: number): { files: string | null; network: string | null } {
  const ofLauncher = { files: `landlock-${landlock}`, network: 'seccomp' }
  return {
    'launcher with a user of its own': ofLauncher,
    launcher: ofLauncher,
    'setpriv and unshare': { files: 'landlock', network: 'namespace' },
    setpriv: { files: 'landlock', network: null },
    bwrap: { files: 'namespace', network: 'namespace' },
    'launcher without landlock': { files: null, network: 'seccomp' },
    unshare: { files: null, network: 'namespace' },
    'limits only': { files: null, network: null }
  }[way]
}

export const isWay = (text: string | undefined): text is Way => (ways as readonly (string | undefined)[]).includes(text)
