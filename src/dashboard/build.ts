import { bundleDashboard } from './bundle.ts'

// For scripts/prepare and the image: the first request finds the bundle made.
const { assets } = await bundleDashboard()
const bytes = [...assets.values()].reduce((sum, { gzip }) => sum + gzip.length, 0)
process.stdout.write(`The dashboard is ${assets.size} files, ${Math.round(bytes / 1024)} KiB compressed\n`)
