import { render } from 'preact'
import { App } from './frame/app.tsx'
import { listenForKeys } from './frame/keys.ts'
import './state/live.ts'
import { showTheme } from './state/settings.ts'

showTheme()
listenForKeys()
render(<App />, document.getElementById('app')!)
