import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { makeClient } from '../../scripts/client/make.ts'
import { tsc } from '../../scripts/client/tsc.ts'
import { openService } from '../harness/service.ts'

// Like a user's shell, with the Node.js of this test first.
const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
const run = (program: string, args: string[], cwd: string) => promisify(execFile)(program, args, { cwd, env })
const root = path.resolve(import.meta.dirname, '../..')

t.test('client/ is what `npm run client` makes of src/client', async t => {
  const folder = await temporaryFolder(t)

  await makeClient(folder)

  for (const name of ['index.js', 'index.d.ts']) {
    const [made, kept] = await Promise.all(
      [folder, path.join(root, 'client')].map(each => readFile(path.join(each, name), 'utf8'))
    )
    t.equal(kept, made, `client/${name} is current; if not, run \`npm run client\``)
  }
})

t.test('an empty project that installs the checkout can use the client', async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const project = await temporaryFolder(t)
  await writeFile(path.join(project, 'package.json'), '{ "private": true, "type": "module" }')

  await run('npm', ['install', root, '--install-links=false', '--offline', '--no-audit', '--no-fund'], project)

  t.test('in Node, without types being stripped', async t => {
    await writeFile(
      path.join(project, 'program.js'),
      `import { connect } from 'darkroom/client'
       const darkroom = connect(process.argv[2])
       const { id } = await darkroom.submit('add', { x: 4, y: 6 })
       console.log((await darkroom.wait(id)).result)`
    )

    const { stdout } = await run(process.execPath, ['--no-strip-types', 'program.js', address], project)

    t.equal(stdout, '10\n')
  })

  t.test('and the command line', async t => {
    const { stdout } = await run('node_modules/.bin/darkroom', ['--version'], project)

    t.match(stdout, /^\d+\.\d+\.\d+/)
  })

  t.test('with its types', async t => {
    await writeFile(
      path.join(project, 'program.ts'),
      `import { type Client, connect, DarkroomError, type Task, TaskFailed } from 'darkroom/client'
       const darkroom: Client = connect()
       const task: Task<number> = await darkroom.submit<number>('add', { x: 4, y: 6 }, { priority: 9, expires: 60 })
       const { result }: { result: number } = await darkroom.wait<number>(task.id, { timeout: 1 })
       for await (const { state, progress } of darkroom.watch(task.id)) {
         if (state === 'FAILURE' && progress !== null) progress.toFixed()
       }
       for (const { url, status } of (await darkroom.video('x')).renditions) if (status === 'ready') url?.length
       const error: unknown = result
       if (error instanceof TaskFailed) error.task.error?.message.length
       if (error instanceof DarkroomError) error.errors.map(({ field }) => field)
       // @ts-expect-error there is no such option
       await darkroom.submit('add', {}, { hurry: true })
       // @ts-expect-error there is no such state
       task.state === 'DONE'`
    )

    for (const moduleResolution of ['bundler', 'nodenext']) {
      const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom', '--types', '']
      const resolution = ['--module', module, '--moduleResolution', moduleResolution]
      await t.resolves(tsc([...options, ...resolution, 'program.ts'], project), moduleResolution)
    }
  })
})

async function temporaryFolder(t: Test) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-client-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}
