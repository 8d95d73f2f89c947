import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Short on average, so that many share a child; one now and then ends or blocks it. */
export default defineTask({
  name: 'moody',
  args: Type.Object({ ...order, mood: Type.Enum(['calm', 'ends', 'blocks']) }),
  run: witnessed(({ mood }, { attempt }, lives) => {
    if (mood === 'ends' && attempt === 1) process.kill(process.pid, 'SIGKILL')
    if (mood !== 'blocks') return
    for (let quarter = 0; quarter < 6; quarter++) {
      for (const end = Date.now() + 100; Date.now() < end; );
      lives()
    }
  })
})
