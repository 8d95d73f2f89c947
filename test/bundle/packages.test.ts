import { execFile } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { bundlePackages } from '../../src/bundle/packages.ts'

const source = pathToFileURL(path.resolve(import.meta.dirname, '../../src/bundle/packages.ts')).href

async function ask(script: string) {
  const program = `import { bundlePackages, takePackages } from '${source}'\n${script}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  return JSON.parse(stdout)
}

t.test('a process that takes the bundled packages shares one instance between their entries', async t => {
  await bundlePackages()
  const { place, fits, misfits } = await ask(`
    takePackages()
    const { default: Type } = await import('typebox')
    const { default: Format } = await import('typebox/format')
    const { Compile } = await import('typebox/compile')
    Format.Set('even', text => text.length % 2 === 0)
    const even = Compile(Type.String({ format: 'even' }))
    console.log(JSON.stringify({ place: import.meta.resolve('typebox'), fits: even.Check('ab'), misfits: even.Check('a') }))
  `)

  t.match(place, /\/node_modules\/\.cache\/darkroom\/typebox-[\d.]+-kysely-[\d.]+\/0\.mjs$/)
  t.equal(fits, true)
  t.equal(misfits, false)
})

t.test('a process that does not take them has the packages as they are', async t => {
  t.match(await ask(`console.log(JSON.stringify(import.meta.resolve('typebox')))`), /\/node_modules\/typebox\//)
})

t.test('several simultaneous starts bundle them without harm', async t => {
  const starts = await Promise.all(
    Array.from({ length: 3 }, () => ask(`await bundlePackages(); console.log(JSON.stringify('fine'))`))
  )
  t.strictSame(starts, ['fine', 'fine', 'fine'])
})
