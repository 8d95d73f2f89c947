import { type ChildProcess, spawn } from 'node:child_process'
import { mark } from './strays.ts'

const script = `
trap '' HUP INT TERM
groups=
while read -r verb group; do
  rest=
  for each in $groups; do
    [ "$each" = "$group" ] || rest="$rest $each"
  done
  groups=$rest
  [ "$verb" = forget ] || groups="$groups $group"
done
for each in $groups; do
  kill -s KILL -- "-$each"
done
for each in $(grep -l -- "${mark}=$1" /proc/[0-9]*/environ 2>/dev/null); do
  each=\${each#/proc/}
  kill -s KILL "\${each%/environ}"
done
`

/**
 * A shell that outlives the worker for a moment: its input ends with the worker, and then it kills the remaining
 * process groups. A body in a tight loop never reads its pipe, and its child processes have none; without the watchdog
 * both would run on beside the next attempt.
 */
export function watchdog(marked: string) {
  const groups = new Set<number>()
  let closing = false
  let shell = start()

  function start(): ChildProcess {
    // In a session of its own, out of reach of signals to the worker's group.
    const next = spawn('/bin/sh', ['-c', script, 'darkroom-watchdog', marked], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore']
    })
    next.stdin?.on('error', () => {})
    // Without a shell there is no watchdog; children still notice the closed pipe, unless they are in a tight loop.
    next.once('error', () => {})
    next.once('exit', () => {
      if (!closing) shell = start()
    })
    next.unref()
    for (const group of groups) next.stdin?.write(`watch ${group}\n`)
    return next
  }

  return {
    watch(group: number) {
      groups.add(group)
      shell.stdin?.write(`watch ${group}\n`)
    },
    forget(group: number) {
      groups.delete(group)
      shell.stdin?.write(`forget ${group}\n`)
    },
    close() {
      closing = true
      shell.stdin?.end()
    }
  }
}
