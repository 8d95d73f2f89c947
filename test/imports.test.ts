import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../src')

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
    for (const [, name] of text.matchAll(/(?:from|import\(?)\s*'([#.][^']*)'/g)) {
      const to = path.join(name!.startsWith('#') ? '' : path.dirname(file), name!.replace('#', '')).split('/')[0]!
      const [above, below] = [placeOf.get(from), placeOf.get(to)]
      if (from === to || above === undefined || below === undefined) continue
      // What starts a process is several files that know each other.
      if (above > below || (above === below && above > 0)) wrong.push(`${file} imports ${name}`)
    }
  }
  t.strictSame(wrong, [])
})

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
