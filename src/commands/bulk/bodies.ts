import type { TaskBody } from '#client/bodies.ts'

interface By {
  status: string
  task: string
  queue: string
  count: number
  exact: boolean
}

export interface DryRun {
  count: number
  exact: boolean
  by: By[]
  skipped: By[]
  samples: TaskBody[]
  preview: string
}

export interface BulkOperation {
  id: string
  action: 'retry' | 'cancel' | 'forget' | 'move' | 'undo'
  status: 'waiting' | 'running' | 'completed' | 'aborted' | 'failed'
  filter: Record<string, unknown>
  queue: string | null
  over: number | null
  progress: number
  expected: number
  exact: boolean
  done: number
  skipped: { reason: string; count: number }[]
  undo_of: string | null
  undone_by: string | null
  can_undo: boolean
  task_id: string
  created_by: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
}
