import type { Status, Task } from '../../state/service/shapes.ts'

const final: Status[] = ['COMPLETED', 'FAILED', 'CANCELLED']

export function isFinal({ status }: { status: Status }): boolean {
  return final.includes(status)
}

export function mayRetry({ status }: { status: Status }): boolean {
  return status === 'FAILED' || status === 'CANCELLED'
}

/** Seconds between looks at a task: little happens to one that has ended. */
export function paceOfTask(task: { status: Status } | undefined): number {
  return task && isFinal(task) ? 30 : 2
}

/** What people call it: its name, else its kind. */
export function titleOfTask({ name, task }: Pick<Task, 'name' | 'task'>): string {
  return name ? `${task}: ${name}` : task
}
