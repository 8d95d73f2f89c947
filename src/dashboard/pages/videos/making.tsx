import { useQuery } from '../../state/service/query.ts'
import type { Task } from '../../state/service/shapes.ts'
import { bytesText } from '../../words/number.ts'
import { durationText } from '../../words/time.ts'

/** What the task of a film reports, as far as it does. */
interface Detail {
  phase?: string
  fps?: number | null
  speed?: number | null
  eta?: number | null
  /** Of a long film. */
  parts?: { all: number; made: number; running: number }
  rungs?: { name: string; segments: number; bytes: number }[]
}

/** What a worker does with a film just now, and what of each rung can be played. */
export function Making({ task }: { task: string }) {
  const found = useQuery<Task>(`/api/tasks/${encodeURIComponent(task)}`, 1)
  const { phase, fps, speed, eta, parts, rungs } = (found.data.value?.progress_detail ?? {}) as Detail
  if (!phase) return null
  const words = [
    phase,
    fps ? `${Math.round(fps)} pictures/s` : undefined,
    speed ? `${speed.toFixed(1)}×` : undefined,
    eta ? `${durationText(eta)} left` : undefined,
    parts ? `${parts.made} of ${parts.all} parts made, ${parts.running} at work` : undefined,
    ...(rungs ?? [])
      .filter(({ segments }) => segments > 0)
      .map(({ name, bytes }) => `${name} can be played (${bytesText(bytes)})`)
  ]
  return <span class="soft number making">{words.filter(word => word !== undefined).join(' · ')}</span>
}
