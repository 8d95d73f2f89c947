import type { Limits } from '../limits.ts'
import type { Sight } from '../sight.ts'

/** What the launcher is told, as JSON in its first argument; those of the program follow. */
export interface Spec {
  program: string
  /** The only variable of its environment. */
  path: string
  sight: Sight
  limits: Limits
  layers: { landlock: boolean; seccomp: boolean; user: number | null }
}

/** What the launcher says when it is asked what this machine has. */
export interface Facts {
  /** Version of Landlock; 0 without it. */
  landlock: number
  seccomp: boolean
}

/** No exit code of ffmpeg or ffprobe. */
export const launcherFailed = 213

export const failureMark = 'darkroom launcher: '
