import { Queue, Worker } from 'bullmq'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

/**
 * What teams build with Redis, as small as it can be: an HTTP route that adds jobs to a BullMQ queue, and a worker. One
 * process each, as Darkroom has.
 *
 *   node scripts/bench/peers/bullmq.ts api | worker <port of Redis> [port]
 */
const [role, redis, port] = process.argv.slice(2)
const connection = new Redis({ host: '127.0.0.1', port: Number(redis), maxRetriesPerRequest: null })
const name = 'tasks'

if (role === 'worker') {
  const worker = new Worker(
    name,
    async ({ data }) => ({ processed_data: data.data.toUpperCase(), at: performance.timeOrigin + performance.now() }),
    {
      connection,
      concurrency: 32
    }
  )
  worker.on('error', error => console.error(error))
  await worker.waitUntilReady()
} else {
  const queue = new Queue(name, { connection })
  const app = Fastify()
  app.post<{ Body: { data: string } }>(
    '/api/tasks/process',
    {
      schema: {
        body: { type: 'object', required: ['data'], properties: { data: { type: 'string' } } },
        response: { 202: { type: 'object', properties: { task_id: { type: 'string' } } } }
      }
    },
    async ({ body }, reply) => {
      const { id } = await queue.add('process_data', body)
      return reply.code(202).send({ task_id: id })
    }
  )
  app.get<{ Params: { id: string } }>('/api/tasks/:id', async ({ params }) => {
    const job = await queue.getJob(params.id)
    return { state: await job?.getState(), result: job?.returnvalue, finished_at: job?.finishedOn }
  })
  app.get('/open', async () => {
    const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
    return { open: waiting + active }
  })
  app.get('/last', async () => ({ finished_at: (await queue.getCompleted(0, 0))[0]?.finishedOn ?? null }))
  await queue.waitUntilReady()
  await app.listen({ port: Number(port), host: '127.0.0.1' })
}
