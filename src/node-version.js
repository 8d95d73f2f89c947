import { readFileSync } from 'node:fs'

// Plain JavaScript that old versions of Node.js can read: they stop at the first file of TypeScript with a stack trace.
const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')

const [major, minor, patch] = process.versions.node.split('.').map(Number)
const [wantedMajor, wantedMinor, wantedPatch = 0] = needed.split('.').map(Number)
const isOld = major - wantedMajor || minor - wantedMinor || patch - wantedPatch

if (isOld < 0) {
  console.error(
    `Darkroom needs Node.js ${needed} or newer, and this is ${process.version}: ` +
      'start it by scripts/server or scripts/darkroom, which bring their own, or install a newer one'
  )
  process.exit(1)
}
