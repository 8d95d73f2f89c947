import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const repository = path.resolve(import.meta.dirname, '..')
const root = path.join(repository, 'src')

t.test('imports only point down, as src/README.md draws it', async t => {
  const layers = await drawnLayers()
  const placeOf = new Map(layers.flatMap((names, at) => names.map(name => [name, at] as const)))
  t.ok(layers.length >= 7, 'there is a drawing')
  const folders = (await Array.fromAsync(glob('*/', { cwd: root }))).map(name => name.replace(/\/$/, ''))
  t.strictSame(folders.filter(name => !placeOf.has(name)).toSorted(), [], 'each folder has a place in it')

  const wrong: string[] = []
  for await (const file of glob('**/*.ts', { cwd: root })) {
    const from = file.split('/')[0]!
    const text = await readFile(path.join(root, file), 'utf8')
    for (const name of namedIn(text)) {
      const to = path.join(name.startsWith('#') ? '' : path.dirname(file), name.replace('#', '')).split('/')[0]!
      const [above, below] = [placeOf.get(from), placeOf.get(to)]
      if (from === to || above === undefined || below === undefined) continue
      // What starts a process is several files that know each other.
      if (above > below || (above === below && above > 0)) wrong.push(`${file} imports ${name}`)
    }
  }
  t.strictSame(wrong, [])
})

// Those that are still to be taken apart.
const known = [
  ['src/media/plan/codecs.ts', 'src/media/plan/ladder.ts', 'src/media/plan/rungs.ts'],
  ['src/media/check/verify.ts', 'src/media/check/audio-tracks.ts', 'src/media/check/streams.ts'],
  ['src/webhooks/delivery/send.ts', 'src/webhooks/delivery/trace.ts'],
  ['src/keys/routes.ts', 'src/keys/sessions/routes.ts']
]

t.test('no file comes back to itself through its imports, types included', async t => {
  const imports = new Map<string, string[]>()
  for await (const file of glob('{src,scripts,test}/**/*.{ts,tsx}', { cwd: repository })) {
    const text = await readFile(path.join(repository, file), 'utf8')
    const from = (name: string) => (name.startsWith('#') ? `src/${name.slice(1)}` : path.join(path.dirname(file), name))
    imports.set(file, namedIn(text).map(from))
  }
  t.ok(imports.get('test/harness/service.ts')?.includes('src/http/start.ts'), 'imports are found')
  t.strictSame(
    circlesOf(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b', 'd']]
      ])
    ),
    ['b → c → b'],
    'and circles'
  )

  const circles = circlesOf(imports).filter(
    circle => !known.some(files => circle.split(' → ').every(file => files.includes(file)))
  )
  t.strictSame(circles, [])
})

/** Files that a text imports, as they are named there. */
function namedIn(text: string) {
  return [...text.matchAll(/(?:from|import\(?)\s*'([#.][^']*)'/g)].map(([, name]) => name!)
}

/** The way around each circle; of circles that share files at least one. */
function circlesOf(imports: Map<string, string[]>) {
  const circles: string[] = []
  const seen = new Set<string>()
  function walk(file: string, way: string[]) {
    const at = way.indexOf(file)
    if (at >= 0) circles.push([...way.slice(at), file].join(' → '))
    if (seen.has(file)) return
    seen.add(file)
    for (const next of imports.get(file) ?? []) walk(next, [...way, file])
  }
  for (const file of imports.keys()) walk(file, [])
  return circles
}

/** The names of each line of the drawing, from the top down. */
async function drawnLayers() {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8')
  const section = readme.split('\n## ').find(text => text.startsWith('Who may import whom'))!
  return section
    .split('\n')
    .filter(line => line.startsWith('    '))
    .map(line => line.split('#')[0]!.trim().split(' '))
    .map(names => names.map(name => name.replace(/\/$/, '')))
}
