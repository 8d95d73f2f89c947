import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { commandIn } from '../../../src/media/lock/lock.ts'
import { launcherWays, withoutLauncher } from '../../harness/lock.ts'

// More than a pipe holds.
const lines = 100_000

for (const way of launcherWays) {
  t.test(
    `${way}: a program waits for a slow reader, and loses nothing that it writes`,
    { skip: withoutLauncher },
    async t => {
      const { file, args, env } = commandIn(way, '/usr/bin/seq', [String(lines)], { seconds: 20 })
      for (const output of [1, 2]) {
        // By a pipe, as of a worker that is busy while ffmpeg reports what is damaged.
        const program = spawn('/bin/sh', ['-c', output === 1 ? '"$@"' : '"$@" 1>&2', 'sh', file, ...args], { env })
        const stream = output === 1 ? program.stdout : program.stderr
        await delay(500)
        let text = ''
        stream.setEncoding('utf8').on('data', chunk => {
          text += chunk
        })
        const [code] = await once(program, 'close')

        t.equal(code, 0)
        t.equal(text.trim().split('\n').length, lines, `of output ${output}`)
      }
    }
  )
}
