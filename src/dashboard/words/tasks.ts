import type { Status, Task } from '../state/shapes.ts'

const final: Status[] = ['COMPLETED', 'FAILED', 'CANCELLED']

export function isFinal({ status }: { status: Status }): boolean {
  return final.includes(status)
}

export function mayRetry({ status }: { status: Status }): boolean {
  return status === 'FAILED' || status === 'CANCELLED'
}

/** What people call it: its name, else its kind. */
export function titleOfTask({ name, task }: Pick<Task, 'name' | 'task'>): string {
  return name ? `${task}: ${name}` : task
}
