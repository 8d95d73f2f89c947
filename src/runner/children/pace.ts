// Milliseconds. Below, the messages of an attempt cost more than its body.
const short = 2
// An average of fewer attempts says nothing.
const fewest = 5
const weightOfNewest = 0.1

/** How long bodies of a kind run: short ones share a child. */
export function openPace() {
  const kinds = new Map<string, { average: number; count: number }>()

  return {
    isShort(task: string) {
      const kind = kinds.get(task)
      return kind !== undefined && kind.count >= fewest && kind.average < short
    },
    ended(task: string, milliseconds: number) {
      const kind = kinds.get(task)
      if (!kind) return void kinds.set(task, { average: milliseconds, count: 1 })
      kind.average += (milliseconds - kind.average) * weightOfNewest
      kind.count++
    },
    /** One of them has ended its child: the next ones run alone again. */
    crashed: (task: string) => void kinds.delete(task)
  }
}
