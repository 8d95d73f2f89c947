import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire, registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { tsc } from '../../scripts/client/tsc.ts'
import { openService } from '../harness/service.ts'

// openapi-typescript needs the compiler's API, which TypeScript 7 does not have; tap brings a TypeScript 5 that does.
const require = createRequire(import.meta.url)
const typescript = createRequire(require.resolve('tshy/package.json')).resolve('typescript')
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === 'typescript' ? pathToFileURL(typescript).href : specifier, context)
})
const { default: generate, astToString } = await import('openapi-typescript')

t.test('the types that openapi-typescript generates are those that a program expects', async t => {
  const service = await openService(t)
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-types-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const document = (await service.get('/openapi.json')).json()

  await writeFile(path.join(folder, 'api.ts'), astToString(await generate(document)))
  await writeFile(path.join(folder, 'program.ts'), program)

  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'nodenext']
  await t.resolves(tsc([...options, '--types', '', 'program.ts'], folder))
})

const program = `
import type { components, operations, paths } from './api.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <_ extends true>() => {}
type Body<Name extends keyof operations, Status extends keyof operations[Name]['responses']> =
  operations[Name]['responses'][Status] extends { content: { 'application/json': infer B } } ? B : never

// Enums, nullable fields, unknown ones, objects that may be null.
type Task = components['schemas']['Task']
same<Equal<Task['state'], 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED'>>()
same<Equal<Task['progress'], number | null>>()
same<Equal<Task['result'], unknown>>()
same<Equal<Task['finished_at'], string | null>>()
same<Equal<NonNullable<Task['error']>['message'], string>>()
same<Equal<null extends Task['error'] ? true : false, true>>()

// What is submitted: everything optional, unions, records.
const submission: NonNullable<operations['submitTask']['requestBody']>['content']['application/json'] = {
  task: 'add', args: { x: 4, y: 6 }, expires: '2097-01-31T09:00:00Z', tags: ['demo']
}
submission.expires = 60
// @ts-expect-error neither a number nor a text
submission.expires = true
same<Equal<Body<'submitTask', 201>, Task>>()

// Lists, and their parameters.
type Tasks = Body<'listTasks', 200>
same<Equal<Tasks['items'], Task[]>>()
same<Equal<Tasks['next_cursor'], string | null>>()
const query: NonNullable<operations['listTasks']['parameters']['query']> = { state: 'FAILURE', limit: 10 }
void query
same<Equal<operations['getTask']['parameters']['path'], { id: string }>>()

// A union of answers is told apart by its fields.
declare const status: Body<'dialectStatus', 200>
if ('processed' in status) same<Equal<typeof status.processed, boolean>>()
else same<Equal<typeof status.status, 'Pending' | 'Completed' | 'Failed'>>()

// A film with its prints.
declare const film: Body<'getVideo', 200>
for (const { url, status } of film.renditions) if (status === 'ready') url satisfies string | null

// Problems, whose code is one of those of the route.
type Problem = operations['getTask']['responses'][404]['content']['application/problem+json']
same<Equal<Problem['code'], 'TASK_NOT_FOUND'>>()
same<Equal<Problem['status'], 404>>()
same<Equal<paths['/api/tasks/{id}']['get'], operations['getTask']>>()
`
