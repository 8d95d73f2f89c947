import type { Print } from '../plan/print.ts'
import type { Progress } from './progress.ts'

export const phases = ['probing', 'encoding', 'packaging', 'checking'] as const
export type Phase = (typeof phases)[number]

/** How far a film is, and each of its rungs. */
export interface Report extends Progress {
  phase: Phase
  /** Whether its stream can be played. */
  hls: boolean
  rungs: RungReport[]
}

export interface RungReport extends Pick<Progress, 'fraction' | 'fps' | 'speed' | 'eta'> {
  name: string
  /** Segments that are served, and their bytes. */
  segments: number
  bytes: number
}

export const atStart: Progress = { fraction: 0, out_time: 0, frame: 0, fps: null, speed: null, eta: null }

/**
 * Puts together what a film's steps report. One ffmpeg makes all rungs at once, so they share its progress and differ
 * in what is served of them.
 */
export function reporting(prints: Print[], send: ((report: Report) => void) | undefined) {
  let phase: Phase = 'encoding'
  let progress = atStart
  let isPlayable = false
  let rungs = new Map<string, { segments: number; bytes: number }>()

  function tell() {
    const { fraction, fps, speed, eta } = progress
    send?.({
      ...progress,
      phase,
      hls: isPlayable,
      rungs: prints.map(({ name }) => ({
        name,
        ...{ fraction, fps, speed, eta },
        ...(rungs.get(name) ?? { segments: 0, bytes: 0 })
      }))
    })
  }

  return {
    /** A second try starts again, but what a client has seen does not go back. */
    begin() {
      phase = 'encoding'
      isPlayable = false
      rungs = new Map()
    },
    progress(now: Progress) {
      progress = { ...now, fraction: atLeast(now.fraction, progress.fraction) }
      tell()
    },
    phase(next: Phase) {
      if (next === phase) return
      phase = next
      tell()
    },
    served({ rung, bytes }: { rung: string; bytes: number }) {
      const before = rungs.get(rung) ?? { segments: 0, bytes: 0 }
      rungs.set(rung, { segments: before.segments + 1, bytes: before.bytes + bytes })
      if (isPlayable) return
      isPlayable = true
      tell()
    }
  }
}

const atLeast = (now: number | null, before: number | null) => (now === null ? before : Math.max(now, before ?? 0))
